// Causal attention of one tile of 64 queries of one head, without the (T, T) scores in memory (Dao
// et al. 2022): keys pass by in tiles of 64, with a running maximum m and sum l of each query.
// qkv (N, 3C) holds q, k, v side by side. A block is 4 warps; a warp has 16 of the tile's rows.
//
// A sum of products may run over its index in any order. Where an operand is read along its rows,
// step k of an mma takes columns k + 2t and k + 2t + 1 instead of k + t and k + t + 4: one 8-byte
// read a lane, and the layout in which an earlier mma has left its result in the registers.

#define TILE 64
#define TILE_FLOATS (TILE * TILE)
#define GROUP (LANE >> 2)
#define QUARTER (LANE & 3)

// A tile of 64 x 64 in shared memory: groups of 8 columns change places by row (XOR of bits 3 and 4 of
// the column), so that neither 8 rows read along them nor rows 0, 2, 4, 6 read along columns meet in a
// bank. `column` is a multiple of 8, `more` < 8; written so that few offsets are left to keep.
__device__ inline int swizzle(int r) { return 8 * ((r & 3) ^ ((r >> 2) & 1)); }
__device__ inline int place(int r, int column, int more, int swizzled) {
    return r * TILE + more + (column & 32) + ((column & 24) ^ swizzled);
}

// A thread's share of 64 rows of 64 from `from`, rows at `stride`; rows from `rows` on are 0. All
// reads are under way before the first is waited for.
__device__ inline void read_tile(float4* x, const float* from, int stride, int rows) {
    int r = threadIdx.x >> 4, c = (threadIdx.x & 15) * 4;
#pragma unroll
    for (int i = 0; i < 8; i++)
        x[i] = r + 8 * i < rows ? load4(from + (size_t)(r + 8 * i) * stride + c) : splat(0);
}
__device__ inline void write_tile(float* to, const float4* x, float factor) {
    int r = threadIdx.x >> 4, c = (threadIdx.x & 15) * 4;
#pragma unroll
    for (int i = 0; i < 8; i++) {
        float4 y = scaled(x[i], factor);
        store4(to + place(r + 8 * i, c & 56, c & 4, swizzle(r)),
               make_float4(rounded(y.x), rounded(y.y), rounded(y.z), rounded(y.w)));
    }
}
__device__ inline void load_two(float* a, float* b, const float* from_a, const float* from_b,
                                int stride, int rows) {
    float4 x[8], y[8];
    read_tile(x, from_a, stride, rows);
    read_tile(y, from_b, stride, rows);
    write_tile(a, x, 1);
    write_tile(b, y, 1);
}

// Operands of an mma from shared memory. a: 16 rows from `row` on, step k along them.
__device__ inline void along_rows_a(float* a, const float* s, int row, int k) {
    float2 x = *(const float2*)(s + place(row + GROUP, k, 2 * QUARTER, swizzle(GROUP)));
    float2 y = *(const float2*)(s + place(row + GROUP + 8, k, 2 * QUARTER, swizzle(GROUP)));
    a[0] = x.x, a[1] = y.x, a[2] = x.y, a[3] = y.y;
}
// b: 8 rows from `row` on, which are the result's columns.
__device__ inline void along_rows_b(float* b, const float* s, int row, int k) {
    float2 x = *(const float2*)(s + place(row + GROUP, k, 2 * QUARTER, swizzle(GROUP)));
    b[0] = x.x, b[1] = x.y;
}
// d (16 x 64) += result b: `result` (16 x 64) of earlier mmas, whose columns are summed over, stays in
// the registers where it is; b is a tile of 64 rows.
__device__ inline void add_product(float (*d)[4], const float (*result)[4], const float* b) {
#pragma unroll
    for (int k = 0; k < 8; k++) {
        const float* from = result[k];
        float a[4] = {rounded(from[0]), rounded(from[2]), rounded(from[1]), rounded(from[3])};
#pragma unroll
        for (int n = 0; n < 8; n++) {
            int r = 8 * k + 2 * QUARTER, swizzled = swizzle(2 * QUARTER);  // of row r + 1: ^ 8
            float x[2] = {b[place(r, 8 * n, GROUP, swizzled)],
                          b[place(r + 1, 8 * n ^ 8, GROUP, swizzled)]};
            mma(d[n], a, x);
        }
    }
}

// Dropout of the weights of head h of sequence b. One draw has the 8 weights of queries i and i + 8
// (i mod 16 < 8) and keys j, j + 8, j + 16 and j + 24 (j mod 32 < 8): word m is key j + 8 m, its low
// half query i. So a lane has use for what it draws, whether its rows are queries or keys.
struct Draws {
    const int* head;
    int site, first, keep;
};
__device__ inline Draws draws(const int* head, int site, int b, int h, int T, int H, int keep) {
    int sequence = keep < 65536 ? head[2] / T + b : 0;
    return {head, site, (sequence * H + h) * ((T + 15) / 16) * 8, keep};
}
__device__ inline uint4 draw(Draws d, int i, int j) {
    int query = d.first + i / 16 * 8 + i % 8, key = j / 32 * 8 + j % 8;
    return philox(query, key, d.site, d.head[1], d.head[0]);
}
__device__ inline uint word(uint4 r, int m) {
    return m == 0 ? r.x : m == 1 ? r.y : m == 2 ? r.z : r.w;
}

// mixed (N, C); log_sum (B, H, T), log2 of each query's sum of exponentials, for the way back.
extern "C" __global__ void __launch_bounds__(128, 4)
    attend(const float* qkv, float* mixed, float* log_sum, const int* head, int T, int H, int site,
           int keep) {
    __shared__ float4 raw[3 * TILE_FLOATS / 4];
    float *Q = (float*)raw, *K = Q + TILE_FLOATS, *V = K + TILE_FLOATS;
    int b = blockIdx.y / H, h = blockIdx.y % H;
    int i0 = (gridDim.x - 1 - blockIdx.x) * TILE;  // long rows first
    int stride = 3 * C, row = i0 + 16 * WARP + GROUP;
    const float* base = qkv + (size_t)b * T * stride + h * HEAD;
    Draws drawn = draws(head, site, b, h, T, H, keep);
    float4 x[8];
    read_tile(x, base + (size_t)i0 * stride, stride, T - i0);
    write_tile(Q, x, 0.18033688f);  // log2(e) / 8
    float y[8][4], m[2] = {NEGATIVE, NEGATIVE}, l[2] = {0, 0};
#pragma unroll
    for (int n = 0; n < 8; n++) y[n][0] = y[n][1] = y[n][2] = y[n][3] = 0;
    for (int j0 = 0; j0 <= i0; j0 += TILE) {
        __syncthreads();
        const float* at = base + (size_t)j0 * stride;
        load_two(K, V, at + C, at + 2 * C, stride, T - j0);
        __syncthreads();
        float s[8][4];
#pragma unroll
        for (int n = 0; n < 8; n++) s[n][0] = s[n][1] = s[n][2] = s[n][3] = 0;
#pragma unroll
        for (int k = 0; k < 8; k++) {
            float q[4], key[2];
            along_rows_a(q, Q, 16 * WARP, 8 * k);
#pragma unroll
            for (int n = 0; n < 8; n++) {
                along_rows_b(key, K, 8 * n, 8 * k);
                mma(s[n], q, key);
            }
        }
        if (j0 == i0)
#pragma unroll
            for (int n = 0; n < 8; n++)
                for (int e = 0; e < 4; e++)
                    if (j0 + 8 * n + 2 * QUARTER + (e & 1) > row + 8 * (e >> 1)) s[n][e] = NEGATIVE;
#pragma unroll
        for (int low = 0; low < 2; low++) {  // rows row and row + 8
            float most = m[low];
#pragma unroll
            for (int n = 0; n < 8; n++)
                most = fmaxf(most, fmaxf(s[n][2 * low], s[n][2 * low + 1]));
            most = fmaxf(most, __shfl_xor_sync(ALL, most, 1));
            most = fmaxf(most, __shfl_xor_sync(ALL, most, 2));
            float shrink = exp2f(m[low] - most), sum = 0;
            m[low] = most;
#pragma unroll
            for (int n = 0; n < 8; n++)
                for (int e = 2 * low; e < 2 * low + 2; e++) {
                    s[n][e] = exp2f(s[n][e] - most);
                    sum += s[n][e];
                    y[n][e] *= shrink;
                }
            l[low] = l[low] * shrink + sum;
        }
        if (keep < 65536)
#pragma unroll
            for (int part = 0; part < 4; part++) {
                int odd = part & 1, n0 = part / 2 * 4;
                uint4 bits = draw(drawn, row, j0 + 8 * n0 + 2 * QUARTER + odd);
#pragma unroll
                for (int n = 0; n < 4; n++) {
                    s[n0 + n][odd] *= kept(word(bits, n) & 0xffff, keep);
                    s[n0 + n][2 + odd] *= kept(word(bits, n) >> 16, keep);
                }
            }
        add_product(y, s, V);
    }
#pragma unroll
    for (int low = 0; low < 2; low++) {
        float sum = l[low] + __shfl_xor_sync(ALL, l[low], 1);
        sum += __shfl_xor_sync(ALL, sum, 2);
        int i = row + 8 * low;
        if (i >= T) continue;
        if (QUARTER == 0) log_sum[(size_t)blockIdx.y * T + i] = m[low] + log2f(sum);
        float* to = mixed + ((size_t)b * T + i) * C + h * HEAD + 2 * QUARTER;
#pragma unroll
        for (int n = 0; n < 8; n++)
            *(float2*)(to + 8 * n) = make_float2(y[n][2 * low] / sum, y[n][2 * low + 1] / sum);
    }
}
