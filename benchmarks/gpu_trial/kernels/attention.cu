// Causal attention of one tile of 64 queries of one head, without the (T, T) scores in memory (Dao
// et al. 2022): keys pass by in tiles of 64, with a running maximum m and sum l of each query.
// qkv (N, 3C) holds q, k, v side by side. A block is 4 warps; a warp has 16 of the tile's rows.
//
// A sum of products may run over its index in any order. Where an operand is read along its rows,
// step k of an mma takes columns k + 2t and k + 2t + 1 instead of k + t and k + t + 4: one 8-byte
// read a lane, and the layout in which an earlier mma has left its result in the registers.

#define TILE 64
#define GROUP (LANE >> 2)
#define QUARTER (LANE & 3)
#define WIDE 72    // floats from row to row in shared memory: no bank conflicts, read along rows or,
#define NARROW 68  // for WIDE, along columns; NARROW: along columns in the order of results

// 64 rows of 64 from `from`, rows at `stride`, to shared memory; rows from `rows` on are 0.
__device__ inline void load_tile(float* to, int width, const float* from, int stride, int rows,
                                 float factor) {
    for (int i = threadIdx.x; i < TILE * 16; i += 128) {
        int r = i >> 4, c = (i & 15) * 4;
        float4 x = r < rows ? scaled(load4(from + (size_t)r * stride + c), factor) : splat(0);
        store4(to + r * width + c,
               make_float4(rounded(x.x), rounded(x.y), rounded(x.z), rounded(x.w)));
    }
}

// Operands of an mma from shared memory. a: 16 rows from `row` on, step k along them.
__device__ inline void along_rows_a(float* a, const float* s, int width, int row, int k) {
    float2 x = *(const float2*)(s + (row + GROUP) * width + k + 2 * QUARTER);
    float2 y = *(const float2*)(s + (row + GROUP + 8) * width + k + 2 * QUARTER);
    a[0] = x.x, a[1] = y.x, a[2] = x.y, a[3] = y.y;
}
// b: 8 rows from `row` on, which are the result's columns.
__device__ inline void along_rows_b(float* b, const float* s, int width, int row, int k) {
    float2 x = *(const float2*)(s + (row + GROUP) * width + k + 2 * QUARTER);
    b[0] = x.x, b[1] = x.y;
}
// a from a result of an earlier mma, whose columns are then summed over.
__device__ inline void from_result(float* a, const float* d) {
    a[0] = rounded(d[0]), a[1] = rounded(d[2]), a[2] = rounded(d[1]), a[3] = rounded(d[3]);
}
// b: columns from `column` on, summed over the rows in the order of results.
__device__ inline void for_result_b(float* b, const float* s, int width, int k, int column) {
    b[0] = s[(k + 2 * QUARTER) * width + column + GROUP];
    b[1] = s[(k + 2 * QUARTER + 1) * width + column + GROUP];
}

// Dropout of the weights of query `row` (h among H heads) for keys 32 part ..: the 8 that a lane
// holds in a row of 4 results, mask[tile][0, 1], are one draw.
__device__ inline void weight_mask(float (*mask)[2], const int* head, int site, int row, int h,
                                   int H, int part, int keep) {
    uint4 r = philox((head[2] + row) * H + h, part * 4 + QUARTER, site, head[1], head[0]);
    uint word[4] = {r.x, r.y, r.z, r.w};
    for (int i = 0; i < 4; i++) {
        mask[i][0] = kept(word[i] & 0xffff, keep);
        mask[i][1] = kept(word[i] >> 16, keep);
    }
}
// The same for a lane's 16 rows x 64 keys: x (8, 4) in place, keys from j0 on.
__device__ inline void drop(float (*x)[4], const int* head, int site, int row, int h, int H, int j0,
                            int keep) {
    if (keep >= 65536) return;
    float mask[4][2];
#pragma unroll
    for (int half = 0; half < 4; half++) {
        int low = half & 1, part = half >> 1;
        weight_mask(mask, head, site, row + 8 * low, h, H, j0 / 32 + part, keep);
#pragma unroll
        for (int i = 0; i < 4; i++) {
            x[4 * part + i][2 * low] *= mask[i][0];
            x[4 * part + i][2 * low + 1] *= mask[i][1];
        }
    }
}

// mixed (N, C); log_sum (B, H, T), log2 of each query's sum of exponentials, for the way back.
extern "C" __global__ void __launch_bounds__(128)
    attend(const float* qkv, float* mixed, float* log_sum, const int* head, int T, int H, int site,
           int keep) {
    __shared__ float4 k_raw[TILE * WIDE / 4], v_raw[TILE * NARROW / 4];
    float *K = (float*)k_raw, *V = (float*)v_raw;
    int b = blockIdx.y / H, h = blockIdx.y % H;
    int i0 = (gridDim.x - 1 - blockIdx.x) * TILE;  // long rows first
    int stride = 3 * C, row = i0 + 16 * WARP + GROUP;
    const float* base = qkv + (size_t)b * T * stride + h * HEAD;
    load_tile(K, WIDE, base + (size_t)i0 * stride, stride, T - i0, 0.18033688f);  // log2(e) / 8
    __syncthreads();
    float q[8][4], y[8][4], m[2] = {NEGATIVE, NEGATIVE}, l[2] = {0, 0};
#pragma unroll
    for (int k = 0; k < 8; k++) {
        along_rows_a(q[k], K, WIDE, 16 * WARP, 8 * k);
        y[k][0] = y[k][1] = y[k][2] = y[k][3] = 0;
    }
    for (int j0 = 0; j0 <= i0; j0 += TILE) {
        __syncthreads();
        load_tile(K, WIDE, base + (size_t)j0 * stride + C, stride, T - j0, 1);
        load_tile(V, NARROW, base + (size_t)j0 * stride + 2 * C, stride, T - j0, 1);
        __syncthreads();
        float s[8][4];
#pragma unroll
        for (int n = 0; n < 8; n++) {
            s[n][0] = s[n][1] = s[n][2] = s[n][3] = 0;
#pragma unroll
            for (int k = 0; k < 8; k++) {
                float key[2];
                along_rows_b(key, K, WIDE, 8 * n, 8 * k);
                mma(s[n], q[k], key);
            }
            if (j0 == i0)
                for (int e = 0; e < 4; e++)
                    if (j0 + 8 * n + 2 * QUARTER + (e & 1) > row + 8 * (e >> 1)) s[n][e] = NEGATIVE;
        }
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
        drop(s, head, site, b * T + row, h, H, j0, keep);
#pragma unroll
        for (int k = 0; k < 8; k++) {
            float weight[4], value[2];
            from_result(weight, s[k]);
#pragma unroll
            for (int n = 0; n < 8; n++) {
                for_result_b(value, V, NARROW, 8 * k, 8 * n);
                mma(y[n], weight, value);
            }
        }
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
