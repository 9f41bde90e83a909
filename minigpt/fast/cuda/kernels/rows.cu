// Layers on rows of C numbers: a warp holds a row, a lane QUADS float4s of it.

#define COLUMN(k) (4 * (LANE + 32 * (k)))
#define FOR_QUADS(k) _Pragma("unroll") for (int k = 0; k < QUADS; k++)

// s = residual + dropout(branch + bias); z = (s - mean) / std; y = z gain + shift.
// Writes y, z (N, C) and the inverse std (N,).
extern "C" __global__ void add_norm(const float* branch, const float* bias, const float* residual,
                                    const float* gain, const float* shift, float* y, float* z,
                                    float* inverse, const int* head, int N, int site, int keep,
                                    float epsilon) {
    int n = blockIdx.x * (blockDim.x >> 5) + WARP;
    if (n >= N) return;
    size_t row = (size_t)n * C;
    float4 s[QUADS];
    float sum = 0, squares = 0;
    FOR_QUADS(k) {
        int c = COLUMN(k);
        float4 mask = row_mask(head, site, n, c, keep);
        s[k] = add(mul(add(load4(branch + row + c), load4(bias + c)), mask),
                   load4(residual + row + c));
        sum += total(s[k]);
    }
    float mean = warp_sum(sum) / C;
    FOR_QUADS(k) {
        s[k] = add(s[k], splat(-mean));
        squares += total(mul(s[k], s[k]));
    }
    float r = rsqrtf(warp_sum(squares) / C + epsilon);
    if (LANE == 0) inverse[n] = r;
    FOR_QUADS(k) {
        int c = COLUMN(k);
        float4 unit = scaled(s[k], r);
        store4(z + row + c, unit);
        store4(y + row + c, add(mul(unit, load4(gain + c)), load4(shift + c)));
    }
}

// A block's column sums: of a sum a lane holds its QUADS float4s, warps are added in order.
__device__ inline void write_sums(const float4* sum, float* shared, float* to) {
    __syncthreads();
    FOR_QUADS(k) store4(shared + WARP * C + COLUMN(k), sum[k]);
    __syncthreads();
    for (int c = threadIdx.x; c < C; c += blockDim.x) {
        float x = 0;
        for (int w = 0; w < blockDim.x >> 5; w++) x += shared[w * C + c];
        to[c] = x;
    }
}

// The way back through add_norm: ds (N, C) for the residual; dbranch (N, C), ds with dropout's mask,
// written only where there is a mask. Block b writes row b of the partial sums over the batch:
// dgain at `gain_at`, dshift at `shift_at`, dbias at `bias_at`.
extern "C" __global__ void add_norm_back(const float* dy, const float* z, const float* inverse,
                                         const float* gain, float* ds, float* dbranch,
                                         float* partial, const int* head, int N, int stride,
                                         int gain_at, int shift_at, int bias_at, int site,
                                         int keep) {
    DYNAMIC_SHARED(shared);  // a row of C for each warp
    float4 dgain[QUADS], dshift[QUADS], dbias[QUADS];
    FOR_QUADS(k) dgain[k] = dshift[k] = dbias[k] = splat(0);
    int warps = blockDim.x >> 5;
    for (int n = blockIdx.x * warps + WARP; n < N; n += gridDim.x * warps) {
        size_t row = (size_t)n * C;
        float4 dz[QUADS], unit[QUADS];
        float mean = 0, share = 0;
        FOR_QUADS(k) {
            int c = COLUMN(k);
            float4 d = load4(dy + row + c);
            unit[k] = load4(z + row + c);
            dgain[k] = add(dgain[k], mul(d, unit[k]));
            dshift[k] = add(dshift[k], d);
            dz[k] = mul(d, load4(gain + c));
            mean += total(dz[k]);
            share += total(mul(dz[k], unit[k]));
        }
        mean = warp_sum(mean) / C;
        share = warp_sum(share) / C;
        float r = inverse[n];
        FOR_QUADS(k) {
            int c = COLUMN(k);
            float4 d = scaled(add(dz[k], add(splat(-mean), scaled(unit[k], -share))), r);
            store4(ds + row + c, d);
            if (keep < 65536) {
                d = mul(d, row_mask(head, site, n, c, keep));
                store4(dbranch + row + c, d);
            }
            dbias[k] = add(dbias[k], d);
        }
    }
    float* to = partial + (size_t)blockIdx.x * stride;
    write_sums(dgain, shared, to + gain_at);
    write_sums(dshift, shared, to + shift_at);
    write_sums(dbias, shared, to + bias_at);
}

// out[c] = the sum of column c over the rows of the partial sums (rows, n), added if `more`.
// Block: (32, 8) threads, 32 columns.
extern "C" __global__ void reduce_columns(const float* partial, float* out, int rows, int n,
                                          int more) {
    __shared__ float part[8][32];
    int c = blockIdx.x * 32 + threadIdx.x;
    float x = 0;
    for (int r = threadIdx.y; r < rows; r += 8) x += c < n ? partial[(size_t)r * n + c] : 0;
    part[threadIdx.y][threadIdx.x] = x;
    __syncthreads();
    if (threadIdx.y || c >= n) return;
    for (int r = 1; r < 8; r++) x += part[r][threadIdx.x];
    out[c] = more ? out[c] + x : x;
}

// y = u gate, gate = 1 / (1 + exp(-2 sqrt(2/pi) (u + 0.044715 u^3))), and its slope dy/du.
__device__ inline float gelu(float u, float* slope) {
    const float S = 1.5957691216057308f, CUBIC = 0.044715f;
    float square = u * u;
    float gate = 1 / (1 + __expf(-S * u * (1 + CUBIC * square)));
    float y = u * gate;
    *slope = gate + y * (1 - gate) * S * (1 + 3 * CUBIC * square);
    return y;
}

// y = gelu(u), (N, W) both.
extern "C" __global__ void gelu_rows(const float* u, float* y, int size) {
    size_t i = 4 * ((size_t)blockIdx.x * blockDim.x + threadIdx.x);
    if (i >= size) return;
    float4 x = load4(u + i);
    float slope;
    store4(y + i, make_float4(gelu(x.x, &slope), gelu(x.y, &slope), gelu(x.z, &slope),
                              gelu(x.w, &slope)));
}

// dy (N, W) -> du = dy slope(u) in its place, unless u is null; and du's partial column sums.
// Block: (32, 8) threads, 128 columns; block row y writes row y of the partial sums.
extern "C" __global__ void gelu_back(float* dy, const float* u, float* partial, int N, int W,
                                     int stride, int at) {
    __shared__ float part[8][128];
    int c = blockIdx.x * 128 + 4 * threadIdx.x;
    float4 sum = splat(0);
    for (int n = blockIdx.y * 8 + threadIdx.y; n < N; n += gridDim.y * 8) {
        size_t i = (size_t)n * W + c;
        float4 d = load4(dy + i);
        if (u) {
            float4 x = load4(u + i), slope;
            gelu(x.x, &slope.x), gelu(x.y, &slope.y), gelu(x.z, &slope.z), gelu(x.w, &slope.w);
            d = mul(d, slope);
            store4(dy + i, d);
        }
        sum = add(sum, d);
    }
    store4(&part[threadIdx.y][4 * threadIdx.x], sum);
    __syncthreads();
    if (threadIdx.y) return;
    for (int r = 1; r < 8; r++) sum = add(sum, load4(&part[r][4 * threadIdx.x]));
    store4(partial + (size_t)blockIdx.y * stride + at + c, sum);
}
