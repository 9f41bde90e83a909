// The way back through attention. Weights are computed again from log_sum; two roles share a launch,
// so that each sums alone and in order, without atomics: blocks of z = 0 have a tile of keys and
// write dk and dv, blocks of z = 1 a tile of queries and write dq. A warp has 16 rows of the block's
// tile, keys or queries, and computes its part of the scores with them as rows: what it sums next is
// then in its registers already.

struct Tiles {
    float *Q, *K, *V, *dY, *log_sum, *share;
};
struct Place {  // sequence b, head h: where its numbers begin
    const float *qkv, *mixed, *dmixed, *log_sum;
    int T;
};

// Queries from i0 on: Q, scaled, and dY; share[i] = sum_d dy y = sum_j w dw of query i.
__device__ inline void load_queries(Tiles s, Place p, int i0) {
    float4 x[8], dy[8];
    int r = threadIdx.x >> 4, c = threadIdx.x & 15;
    read_tile(x, p.qkv + (size_t)i0 * 3 * C, 3 * C, p.T - i0);
    read_tile(dy, p.dmixed + (size_t)i0 * C, C, p.T - i0);
    write_tile(s.Q, x, 0.18033688f);
    read_tile(x, p.mixed + (size_t)i0 * C, C, p.T - i0);
    write_tile(s.dY, dy, 1);
#pragma unroll
    for (int i = 0; i < 8; i++) {  // 16 lanes have a row
        float sum = total(mul(dy[i], x[i]));
        for (int step = 8; step; step >>= 1) sum += __shfl_xor_sync(ALL, sum, step);
        if (c == 0) s.share[r + 8 * i] = sum;
    }
    if (threadIdx.x < TILE) s.log_sum[threadIdx.x] = i0 + (int)threadIdx.x < p.T ? p.log_sum[i0 + threadIdx.x] : 0;
}

// Scores w = rows columns^T of a warp's 16 rows and 64 columns; ds the same of drows, dcolumns.
__device__ inline void scores(float (*w)[4], float (*ds)[4], const float* rows,
                              const float* columns, const float* drows, const float* dcolumns) {
#pragma unroll
    for (int n = 0; n < 8; n++)
        for (int e = 0; e < 4; e++) w[n][e] = ds[n][e] = 0;
#pragma unroll
    for (int k = 0; k < 8; k++) {
        float a[4], da[4];
        along_rows_a(a, rows, 16 * WARP, 8 * k);
        along_rows_a(da, drows, 16 * WARP, 8 * k);
#pragma unroll
        for (int n = 0; n < 8; n++) {
            float b[2], db[2];
            along_rows_b(b, columns, 8 * n, 8 * k);
            along_rows_b(db, dcolumns, 8 * n, 8 * k);
            mma(w[n], a, b);
            mma(ds[n], da, db);
        }
    }
}

// Score and dw of a visible or hidden key -> the weight after dropout, and the score's gradient.
__device__ inline void weigh(float* w, float* ds, bool visible, float mask, float log_sum,
                             float share) {
    float weight = visible ? exp2f(*w - log_sum) : 0;
    *ds = weight * (*ds * mask - share);
    *w = weight * mask;
}
__device__ inline void weigh_queries(float (*w)[4], float (*ds)[4], Tiles s, Draws d, int i0,
                                     int j0) {
    int r = 16 * WARP + GROUP;
#pragma unroll
    for (int part = 0; part < 4; part++) {
        int odd = part & 1, n0 = part / 2 * 4, j = 8 * n0 + 2 * QUARTER + odd;
        uint4 bits = {0, 0, 0, 0};
        if (d.keep < 65536) bits = draw(d, i0 + r, j0 + j);
#pragma unroll
        for (int n = 0; n < 4; n++)
#pragma unroll
            for (int low = 0; low < 2; low++) {
                int i = r + 8 * low, e = 2 * low + odd;
                weigh(&w[n0 + n][e], &ds[n0 + n][e], j0 + j + 8 * n <= i0 + i,
                      kept(low ? word(bits, n) >> 16 : word(bits, n) & 0xffff, d.keep),
                      s.log_sum[i], s.share[i]);
            }
    }
}
__device__ inline void weigh_keys(float (*w)[4], float (*ds)[4], Tiles s, Draws d, int i0, int j0) {
    int r = 16 * WARP + GROUP, m = 2 * (WARP & 1);
#pragma unroll
    for (int part = 0; part < 8; part++) {
        int odd = part & 1, n0 = part / 2 * 2, i = 8 * n0 + 2 * QUARTER + odd;
        uint4 bits = {0, 0, 0, 0};
        if (d.keep < 65536) bits = draw(d, i0 + i, j0 + 16 * WARP / 32 * 32 + GROUP);
#pragma unroll
        for (int n = 0; n < 2; n++)
#pragma unroll
            for (int low = 0; low < 2; low++) {
                uint both = word(bits, m + low);
                weigh(&w[n0 + n][2 * low + odd], &ds[n0 + n][2 * low + odd],
                      j0 + r + 8 * low <= i0 + i + 8 * n, kept(n ? both >> 16 : both & 0xffff, d.keep),
                      s.log_sum[i + 8 * n], s.share[i + 8 * n]);
            }
    }
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

// Shared memory: 4 tiles and 2 rows of 64. dqkv (N, 3C) is written whole.
extern "C" __global__ void __launch_bounds__(128, 3)
    attend_back(const float* qkv, const float* mixed, const float* dmixed, const float* log_sum,
                float* dqkv, const int* head, int T, int H, int site, int keep) {
    DYNAMIC_SHARED(memory);
    const int size = TILE_FLOATS;
    Tiles s = {memory, memory + size, memory + 2 * size, memory + 3 * size, memory + 4 * size,
               memory + 4 * size + TILE};
    int b = blockIdx.y / H, h = blockIdx.y % H, stride = 3 * C, at = b * T * C + h * HEAD;
    Place p = {qkv + (size_t)b * T * stride + h * HEAD, mixed + at, dmixed + at,
               log_sum + (size_t)blockIdx.y * T, T};
    Draws drawn = draws(head, site, b, h, T, H, keep);
    float* to = dqkv + (size_t)b * T * stride + h * HEAD;
    int row = 16 * WARP + GROUP;
    float w[8][4], ds[8][4], d[8][4], dv[8][4];
#pragma unroll
    for (int n = 0; n < 8; n++)
        for (int e = 0; e < 4; e++) d[n][e] = dv[n][e] = 0;
    if (blockIdx.z == 0) {
        int j0 = blockIdx.x * TILE;
        const float* keys = p.qkv + (size_t)j0 * stride + C;
        load_two(s.K, s.V, keys, keys + C, stride, T - j0);
        for (int i0 = j0; i0 < T; i0 += TILE) {
            __syncthreads();
            load_queries(s, p, i0);
            __syncthreads();
            scores(w, ds, s.K, s.Q, s.V, s.dY);
            weigh_keys(w, ds, s, drawn, i0, j0);
            add_product(dv, w, s.dY);
            add_product(d, ds, s.Q);
        }
        store_rows(to + C, d, j0 + row, T, 0.69314718f);  // Q holds q log2(e) / 8
        store_rows(to + 2 * C, dv, j0 + row, T, 1);
    } else {
        int i0 = (gridDim.x - 1 - blockIdx.x) * TILE;
        load_queries(s, p, i0);
        for (int j0 = 0; j0 <= i0; j0 += TILE) {
            __syncthreads();
            const float* keys = p.qkv + (size_t)j0 * stride + C;
            load_two(s.K, s.V, keys, keys + C, stride, T - j0);
            __syncthreads();
            scores(w, ds, s.Q, s.K, s.dY, s.V);
            weigh_queries(w, ds, s, drawn, i0, j0);
            add_product(d, ds, s.K);
        }
        store_rows(to, d, i0 + row, T, 0.125f);
    }
}
