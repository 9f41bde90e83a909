// The embeddings and their gradients, which are summed in a fixed order without atomics: the host hands
// over `order`, which sorts the batch's ids, equal ones as they come.

// x[n] = dropout(token[ids[n]] + position[n mod T]).
extern "C" __global__ void embed(const int* ids, const float* token, const float* position,
                                 float* x, const int* head, int N, int T, int site, int keep) {
    int n = blockIdx.x * (blockDim.x >> 5) + WARP;
    if (n >= N) return;
    const float *from = token + (size_t)ids[n] * C, *at = position + (size_t)(n % T) * C;
    FOR_QUADS(k) {
        int c = COLUMN(k);
        float4 mask = row_mask(head, site, n, c, keep);
        store4(x + (size_t)n * C + c, mul(add(load4(from + c), load4(at + c)), mask));
    }
}

// dtoken[v] += the sum of dx[n] where ids[n] == v, over runs of equal ids in the order; dposition[t] =
// the sum over the batch, 0 from T on, added if `more`. A warp has `chunk` places of the order, at most 32. What it has
// of a run that began before it goes to row 0 of ends (2, chunks, C), of one that goes on behind it to
// row 1: embed_ends adds these up. Block: 4 warps; the last P blocks are positions.
extern "C" __global__ void embed_back(const int* ids, const int* order, const float* __restrict__ dx,
                                      float* dtoken, float* dposition, float* ends,
                                      const int* head, int N, int T, int P, int chunk, int site,
                                      int keep, int more) {
    __shared__ float shared[4 * C];
    int t = blockIdx.x - (gridDim.x - P), k = blockIdx.x * 4 + WARP, first = k * chunk;
    float4 sum[QUADS];
    FOR_QUADS(q) sum[q] = splat(0);
    if (t >= 0) {
        for (int n = t + WARP * T; t < T && n < N; n += 4 * T)
            FOR_QUADS(q) {
                float4 mask = row_mask(head, site, n, COLUMN(q), keep);
                sum[q] = add(sum[q], mul(load4(dx + (size_t)n * C + COLUMN(q)), mask));
            }
        FOR_QUADS(q) store4(shared + WARP * C + COLUMN(q), sum[q]);
        __syncthreads();
        float* to = dposition + (size_t)t * C;
        for (int c = threadIdx.x; c < C; c += blockDim.x) {
            float x = (shared[c] + shared[C + c]) + (shared[2 * C + c] + shared[3 * C + c]);
            to[c] = more ? to[c] + x : x;
        }
        return;
    }
    if (first >= N) return;
    int chunks = (N + chunk - 1) / chunk, count = min(chunk, N - first);
    int at = min(first + LANE, N - 1), n = order[at], id = ids[n];
    int next = at + 1 < N ? ids[order[at + 1]] : -1;
    bool open = first > 0 && ids[order[first - 1]] == __shfl_sync(ALL, id, 0);
    for (int j0 = 0; j0 < count; j0 += 4) {
        float4 x[4][QUADS];
#pragma unroll
        for (int j = 0; j < 4; j++) {  // all reads are under way before the first is waited for
            int row = __shfl_sync(ALL, n, j0 + j);
            FOR_QUADS(q) x[j][q] = load4(dx + (size_t)row * C + COLUMN(q));
        }
#pragma unroll
        for (int j = 0; j < 4; j++) {
            if (j0 + j >= count) break;
            int row = __shfl_sync(ALL, n, j0 + j), v = __shfl_sync(ALL, id, j0 + j);
            bool last = j0 + j + 1 == count, goes_on = __shfl_sync(ALL, next, j0 + j) == v;
            FOR_QUADS(q) {
                float4 mask = row_mask(head, site, row, COLUMN(q), keep);
                sum[q] = add(sum[q], mul(x[j][q], mask));
            }
            if (goes_on && !last) continue;
            bool whole = !open && !goes_on;
            float* to = whole ? dtoken + (size_t)v * C
                              : ends + ((size_t)(open ? 0 : chunks) + k) * C;
            FOR_QUADS(q) {
                store4(to + COLUMN(q), whole ? add(load4(to + COLUMN(q)), sum[q]) : sum[q]);
                sum[q] = splat(0);
            }
            open = false;
        }
    }
}

// The runs that chunk k = blockIdx.x begins and does not end. Block: 4 warps.
extern "C" __global__ void embed_ends(const int* ids, const int* order, const float* __restrict__ ends,
                                      float* dtoken, int N, int chunk) {
    __shared__ float shared[4 * C];
    int k = blockIdx.x, first = k * chunk, behind = first + chunk, last = k + 1;
    if (behind >= N) return;
    int v = ids[order[behind]];
    if (ids[order[behind - 1]] != v) return;
    if (first > 0 && ids[order[first - 1]] == v) return;
    for (uint ended = 0; !ended; last += ended ? __ffs(ended) - 1 : 32) {  // the chunk where it ends
        size_t then = ((size_t)last + LANE + 1) * chunk;
        ended = __ballot_sync(ALL, then >= N || ids[order[then]] != v);
    }
    float4 sum[QUADS];
    FOR_QUADS(q) sum[q] = splat(0);
#pragma unroll 4
    for (int c = k + 1 + WARP; c <= last; c += 4)
        FOR_QUADS(q) sum[q] = add(sum[q], load4(ends + (size_t)c * C + COLUMN(q)));
    FOR_QUADS(q) store4(shared + WARP * C + COLUMN(q), sum[q]);
    __syncthreads();
    const float* own = ends + ((size_t)gridDim.x + k) * C;
    for (int c = threadIdx.x; c < C; c += blockDim.x)
        dtoken[(size_t)v * C + c] +=
            own[c] + ((shared[c] + shared[C + c]) + (shared[2 * C + c] + shared[3 * C + c]));
}
