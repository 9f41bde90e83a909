// What every kernel shares. Compile-time: C, the width, a multiple of 128; EXACT, float32 products
// instead of TF32 in attention. Every array is float32 and contiguous unless it says otherwise.
//
// A batch may be taken in parts (micro-batches): `more` says that a part is not the first, so that what
// it finds is added to what is there.
//
// head, the few numbers that change from step to step, lies on the device, so that a captured graph
// sees them change. As integers: [0] step, [1] seed, [2] the part's first row in the whole batch. As
// floats: [3] 1 / tokens of the whole batch, [4] learning rate, [5] 1 - beta1^t, [6] sqrt(1 - beta2^t),
// [7] clip norm, [8] beta1, [9] 1 - beta1, [10] beta2, [11] 1 - beta2, [12] epsilon, [13] weight decay.

typedef unsigned int uint;
#define LANE ((int)threadIdx.x & 31)
#define WARP ((int)threadIdx.x >> 5)
#define ALL 0xffffffffu
#define QUADS (C / 128)  // float4s of a row that a lane holds
#define HEAD 64          // the size of an attention head
#define NEGATIVE -1e30f

#ifndef EMULATED
#define DYNAMIC_SHARED(name) extern __shared__ float4 name##_raw[]; float* name = (float*)name##_raw
#endif

__device__ inline float4 load4(const float* p) { return *(const float4*)p; }
__device__ inline void store4(float* p, float4 x) { *(float4*)p = x; }
__device__ inline float4 splat(float x) { return make_float4(x, x, x, x); }
__device__ inline float4 add(float4 a, float4 b) {
    return make_float4(a.x + b.x, a.y + b.y, a.z + b.z, a.w + b.w);
}
__device__ inline float4 mul(float4 a, float4 b) {
    return make_float4(a.x * b.x, a.y * b.y, a.z * b.z, a.w * b.w);
}
__device__ inline float4 scaled(float4 a, float s) {
    return make_float4(a.x * s, a.y * s, a.z * s, a.w * s);
}
__device__ inline float total(float4 a) { return (a.x + a.y) + (a.z + a.w); }

__device__ inline float warp_sum(float x) {
    for (int step = 16; step; step >>= 1) x += __shfl_xor_sync(ALL, x, step);
    return x;
}
__device__ inline float warp_max(float x) {
    for (int step = 16; step; step >>= 1) x = fmaxf(x, __shfl_xor_sync(ALL, x, step));
    return x;
}

// Philox4x32 with 7 rounds (Salmon et al. 2011): 128 random bits that depend on nothing but the
// counter and the key, so that no state is kept and the split of a batch does not matter.
__device__ inline uint4 philox(uint a, uint b, uint c, uint seed, uint step) {
    uint4 x = {a, b, c, 0};
    for (int round = 0; round < 7; round++) {
        uint high0 = __umulhi(0xD2511F53u, x.x), low0 = 0xD2511F53u * x.x;
        uint high1 = __umulhi(0xCD9E8D57u, x.z), low1 = 0xCD9E8D57u * x.z;
        x.x = high1 ^ x.y ^ seed;
        x.y = low1;
        x.z = high0 ^ x.w ^ step;
        x.w = low0;
        seed += 0x9E3779B9u;
        step += 0xBB67AE85u;
    }
    return x;
}

// Dropout as it is handed to a kernel: of 65536, so many are kept. 65536: all, nothing is drawn.
__device__ inline float kept(uint bits16, int keep) {
    return (int)(bits16) < keep ? 65536.f / keep : 0.f;
}
// The mask of the four elements of a row from column `column` on; site says which dropout it is.
__device__ inline float4 row_mask(const int* head, int site, int row, int column, int keep) {
    if (keep >= 65536) return splat(1.f);
    uint4 r = philox(head[2] + row, column >> 2, site, head[1], head[0]);
    return make_float4(kept(r.x >> 16, keep), kept(r.y >> 16, keep), kept(r.z >> 16, keep),
                       kept(r.w >> 16, keep));
}

// Tensor cores: d (16, 8) += a (16, 8) b (8, 8). With g = lane / 4 and t = lane % 4 a lane holds
// a: (g, t), (g + 8, t), (g, t + 4), (g + 8, t + 4); b: (t, g), (t + 4, g);
// d: (g, 2t), (g, 2t + 1), (g + 8, 2t), (g + 8, 2t + 1).
#ifndef EMULATED
__device__ inline float tf32(float x) {
    uint bits;
    asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(bits) : "f"(x));
    return __uint_as_float(bits);
}
__device__ inline void mma_tf32(float* d, const float* a, const float* b) {
    asm("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, "
        "{%8,%9}, {%0,%1,%2,%3};"
        : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
        : "r"(__float_as_uint(a[0])), "r"(__float_as_uint(a[1])), "r"(__float_as_uint(a[2])),
          "r"(__float_as_uint(a[3])), "r"(__float_as_uint(b[0])), "r"(__float_as_uint(b[1])));
}
#endif
#if EXACT
// float32 from TF32: x = high + low, each of them TF32; what is dropped, low * low, is 2^-22.
__device__ inline float rounded(float x) { return x; }
__device__ inline void mma(float* d, const float* a, const float* b) {
    float a_high[4], a_low[4], b_high[2], b_low[2];
    for (int i = 0; i < 4; i++) a_high[i] = tf32(a[i]), a_low[i] = tf32(a[i] - a_high[i]);
    for (int i = 0; i < 2; i++) b_high[i] = tf32(b[i]), b_low[i] = tf32(b[i] - b_high[i]);
    mma_tf32(d, a_low, b_high);
    mma_tf32(d, a_high, b_low);
    mma_tf32(d, a_high, b_high);
}
#else
// Operands are rounded once, where they are written to shared memory.
__device__ inline float rounded(float x) { return tf32(x); }
__device__ inline void mma(float* d, const float* a, const float* b) { mma_tf32(d, a, b); }
#endif
