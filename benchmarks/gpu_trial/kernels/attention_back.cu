// The way back through attention. Weights are computed again from log_sum; two roles share a launch,
// so that each sums alone and in order, without atomics: blocks of z = 0 have a tile of keys and
// write dk and dv, blocks of z = 1 a tile of queries and write dq.

struct Tiles {
    float *Q, *K, *V, *dY, *P, *dS, *log_sum, *share;
};

// Queries from i0 on: Q, already scaled, and dY; share[i] = sum_d dy y = sum_j w dw of query i.
__device__ inline void load_queries(Tiles s, const float* base, const float* dmixed,
                                    const float* mixed, const float* log_sum, int T, int i0) {
    load_tile(s.Q, WIDE, base + (size_t)i0 * 3 * C, 3 * C, T - i0, 0.18033688f);
    for (int i = threadIdx.x; i < TILE * 16; i += 128) {  // 16 lanes have a row
        int r = i >> 4, c = (i & 15) * 4;
        float4 dy = splat(0), y = splat(0);
        if (i0 + r < T) {
            dy = load4(dmixed + (size_t)(i0 + r) * C + c);
            y = load4(mixed + (size_t)(i0 + r) * C + c);
        }
        store4(s.dY + r * WIDE + c,
               make_float4(rounded(dy.x), rounded(dy.y), rounded(dy.z), rounded(dy.w)));
        float sum = total(mul(dy, y));
        for (int step = 8; step; step >>= 1) sum += __shfl_xor_sync(ALL, sum, step);
        if ((i & 15) == 0) {
            s.share[r] = sum;
            s.log_sum[r] = i0 + r < T ? log_sum[i0 + r] : 0;
        }
    }
}

// w: the weights, after dropout, of a warp's 16 queries for 64 keys; ds: the scores' gradient.
__device__ inline void weights(float (*w)[4], float (*ds)[4], Tiles s, const int* head, int site,
                               int first, int h, int H, int i0, int j0, int keep) {
#pragma unroll
    for (int n = 0; n < 8; n++)
        for (int e = 0; e < 4; e++) w[n][e] = ds[n][e] = 0;
#pragma unroll
    for (int k = 0; k < 8; k++) {
        float q[4], dy[4];
        along_rows_a(q, s.Q, WIDE, 16 * WARP, 8 * k);
        along_rows_a(dy, s.dY, WIDE, 16 * WARP, 8 * k);
#pragma unroll
        for (int n = 0; n < 8; n++) {
            float key[2], value[2];
            along_rows_b(key, s.K, WIDE, 8 * n, 8 * k);
            along_rows_b(value, s.V, WIDE, 8 * n, 8 * k);
            mma(w[n], q, key);
            mma(ds[n], dy, value);
        }
    }
    int r = 16 * WARP + GROUP;
    drop(ds, head, site, first + i0 + r, h, H, j0, keep);
#pragma unroll
    for (int n = 0; n < 8; n++)
#pragma unroll
        for (int e = 0; e < 4; e++) {
            int i = r + 8 * (e >> 1), j = 8 * n + 2 * QUARTER + (e & 1);
            w[n][e] = j0 + j > i0 + i ? 0 : exp2f(w[n][e] - s.log_sum[i]);
            ds[n][e] = w[n][e] * (ds[n][e] - s.share[i]);
        }
    drop(w, head, site, first + i0 + r, h, H, j0, keep);
}

// A warp's 16 rows of a sum (16 x 64), times a factor, to rows `row` .. of `to`, those before T.
__device__ inline void store_rows(float* to, const float (*sum)[4], int row, int T, float factor) {
#pragma unroll
    for (int n = 0; n < 8; n++)
        for (int low = 0; low < 2; low++)
            if (row + 8 * low < T)
                *(float2*)(to + (size_t)(row + 8 * low) * 3 * C + 8 * n + 2 * QUARTER) =
                    make_float2(sum[n][2 * low] * factor, sum[n][2 * low + 1] * factor);
}

// d (16 x 64) += rows^T b: over 64 rows of `rows` (its columns from 16 WARP on) and of `b`.
__device__ inline void add_transposed(float (*d)[4], const float* rows, const float* b) {
#pragma unroll
    for (int k = 0; k < 8; k++) {
        const float* s = rows + (8 * k + QUARTER) * WIDE + 16 * WARP + GROUP;
        float a[4] = {s[0], s[8], s[4 * WIDE], s[4 * WIDE + 8]}, x[2];
#pragma unroll
        for (int n = 0; n < 8; n++) {
            x[0] = b[(8 * k + QUARTER) * WIDE + 8 * n + GROUP];
            x[1] = b[(8 * k + QUARTER + 4) * WIDE + 8 * n + GROUP];
            mma(d[n], a, x);
        }
    }
}

// Shared memory: 6 tiles and 2 rows of 64. dqkv (N, 3C) is written whole.
extern "C" __global__ void __launch_bounds__(128)
    attend_back(const float* qkv, const float* mixed, const float* dmixed, const float* log_sum,
                float* dqkv, const int* head, int T, int H, int site, int keep) {
    DYNAMIC_SHARED(memory);
    const int size = TILE * WIDE;
    Tiles s = {memory, memory + size, memory + 2 * size, memory + 3 * size, memory + 4 * size,
               memory + 5 * size, memory + 6 * size, memory + 6 * size + TILE};
    int b = blockIdx.y / H, h = blockIdx.y % H, stride = 3 * C;
    size_t start = (size_t)b * T;
    const float *base = qkv + start * stride + h * HEAD, *sums = log_sum + (size_t)blockIdx.y * T;
    const float *y = mixed + start * C + h * HEAD, *dy = dmixed + start * C + h * HEAD;
    float* to = dqkv + start * stride + h * HEAD;
    float w[8][4], ds[8][4], d[8][4], dv[8][4];
#pragma unroll
    for (int n = 0; n < 8; n++)
        for (int e = 0; e < 4; e++) d[n][e] = dv[n][e] = 0;
    if (blockIdx.z == 0) {
        int j0 = blockIdx.x * TILE, r = 16 * WARP + GROUP, c = 2 * QUARTER;
        load_tile(s.K, WIDE, base + (size_t)j0 * stride + C, stride, T - j0, 1);
        load_tile(s.V, WIDE, base + (size_t)j0 * stride + 2 * C, stride, T - j0, 1);
        for (int i0 = j0; i0 < T; i0 += TILE) {
            __syncthreads();
            load_queries(s, base, dy, y, sums, T, i0);
            __syncthreads();
            weights(w, ds, s, head, site, b * T, h, H, i0, j0, keep);
#pragma unroll
            for (int n = 0; n < 8; n++)
                for (int low = 0; low < 2; low++) {
                    int at = (r + 8 * low) * WIDE + 8 * n + c, e = 2 * low;
                    *(float2*)(s.P + at) = make_float2(rounded(w[n][e]), rounded(w[n][e + 1]));
                    *(float2*)(s.dS + at) = make_float2(rounded(ds[n][e]), rounded(ds[n][e + 1]));
                }
            __syncthreads();
            add_transposed(dv, s.P, s.dY);
            add_transposed(d, s.dS, s.Q);
        }
        store_rows(to + C, d, j0 + r, T, 0.69314718f);  // Q holds q log2(e) / 8
        store_rows(to + 2 * C, dv, j0 + r, T, 1);
    } else {
        int i0 = (gridDim.x - 1 - blockIdx.x) * TILE;
        load_queries(s, base, dy, y, sums, T, i0);
        for (int j0 = 0; j0 <= i0; j0 += TILE) {
            __syncthreads();
            load_tile(s.K, WIDE, base + (size_t)j0 * stride + C, stride, T - j0, 1);
            load_tile(s.V, WIDE, base + (size_t)j0 * stride + 2 * C, stride, T - j0, 1);
            __syncthreads();
            weights(w, ds, s, head, site, b * T, h, H, i0, j0, keep);
#pragma unroll
            for (int k = 0; k < 8; k++) {
                float a[4], key[2];
                from_result(a, ds[k]);
#pragma unroll
                for (int n = 0; n < 8; n++) {
                    for_result_b(key, s.K, WIDE, 8 * k, 8 * n);
                    mma(d[n], a, key);
                }
            }
        }
        store_rows(to, d, i0 + 16 * WARP + GROUP, T, 0.125f);
    }
}
