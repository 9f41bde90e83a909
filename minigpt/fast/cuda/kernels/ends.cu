// The end of a step: the loss, the norm of all gradients, AdamW.

__device__ inline float block_sum(float x, float* shared) {
    x = warp_sum(x);
    __syncthreads();
    if (LANE == 0) shared[WARP] = x;
    __syncthreads();
    float sum = 0;
    for (int w = 0; w < blockDim.x >> 5; w++) sum += shared[w];
    return sum;
}
__device__ inline float block_max(float x, float* shared) {
    x = warp_max(x);
    __syncthreads();
    if (LANE == 0) shared[WARP] = x;
    __syncthreads();
    float most = shared[0];
    for (int w = 1; w < blockDim.x >> 5; w++) most = fmaxf(most, shared[w]);
    return most;
}

// Logits (N, V) in rows of `stride`, a multiple of 4 -> the gradient of the batch's mean loss in their
// place, 0 in the padding; each row's loss. One block a row. The first pass keeps a running maximum, so the row is read twice.
extern "C" __global__ void softmax_loss(float* logits, const int* targets, float* losses,
                                        const int* head, int V, int stride) {
    __shared__ float shared[32];
    float share = ((const float*)head)[3];
    float* x = logits + (size_t)blockIdx.x * stride;
    int target = targets[blockIdx.x], whole = V & ~3;
    float most = NEGATIVE, sum = 0;
    for (int i = 4 * threadIdx.x; i < V; i += 4 * blockDim.x) {
        float4 a = load4(x + i);  // past V lies padding
        if (i >= whole) {
            if (i + 1 >= V) a.y = NEGATIVE;
            if (i + 2 >= V) a.z = NEGATIVE;
            a.w = NEGATIVE;
        }
        float larger = fmaxf(most, fmaxf(fmaxf(a.x, a.y), fmaxf(a.z, a.w)));
        sum = sum * __expf(most - larger) + __expf(a.x - larger) + __expf(a.y - larger) +
              __expf(a.z - larger) + __expf(a.w - larger);
        most = larger;
    }
    float largest = block_max(most, shared);
    sum = block_sum(sum * __expf(most - largest), shared);
    if (threadIdx.x == 0) losses[blockIdx.x] = logf(sum) + largest - x[target];
    __syncthreads();  // the target's logit is read before it is overwritten
    float factor = share / sum;
    for (int i = 4 * threadIdx.x; i < stride; i += 4 * blockDim.x) {
        float4 a = load4(x + i);
        a = make_float4(__expf(a.x - largest) * factor, __expf(a.y - largest) * factor,
                        __expf(a.z - largest) * factor, __expf(a.w - largest) * factor);
        if (target - i >= 0 && target - i < 4) (&a.x)[target - i] -= share;
        for (int j = 0; j < 4; j++)
            if (i + j >= V) (&a.x)[j] = 0;
        store4(x + i, a);
    }
}

// stats[0] = the rows' share of the batch's mean loss, added if `more`. One block.
extern "C" __global__ void mean_loss(const float* losses, float* stats, const int* head, int N,
                                     int more) {
    __shared__ float shared[32];
    float sum = 0;
    for (int i = threadIdx.x; i < N; i += blockDim.x) sum += losses[i];
    sum = block_sum(sum, shared) * ((const float*)head)[3];
    if (threadIdx.x == 0) stats[0] = more ? stats[0] + sum : sum;
}

// parts[b] = block b's share of the sum of squares.
extern "C" __global__ void squared_norm(const float* g, float* parts, int n) {
    __shared__ float shared[32];
    float sum = 0;
    for (int i = 4 * (blockIdx.x * blockDim.x + threadIdx.x); i < n; i += 4 * gridDim.x * blockDim.x) {
        float4 x = load4(g + i);
        sum += total(mul(x, x));
    }
    sum = block_sum(sum, shared);
    if (threadIdx.x == 0) parts[blockIdx.x] = sum;
}

// AdamW with clipping. Every block adds the parts of the norm up for itself, in the same order, so
// all see the same bits. Where the loss or the norm is not finite, nothing is updated.
// stats: [0] the mean loss; written here: [1] the norm before clipping, [2] whether there was an update,
// 1 or 0. The first `decayed` numbers decay.
extern "C" __global__ void adamw(float* p, const float* g, float* m, float* v, const float* parts,
                                 float* stats, const int* head, int n, int decayed, int blocks) {
    __shared__ float shared[32];
    const float* hyper = (const float*)head;
    float sum = 0;
    for (int i = threadIdx.x; i < blocks; i += blockDim.x) sum += parts[i];
    float norm = sqrtf(block_sum(sum, shared)), clip = hyper[7];
    bool finite = fabsf(stats[0]) < 3e38f && norm < 3e38f;
    if (blockIdx.x == 0 && threadIdx.x == 0) stats[1] = norm, stats[2] = finite;
    if (!finite) return;
    float scale = clip > 0 && clip < norm ? clip / norm : 1.f;
    float rate = hyper[4], c1 = hyper[5], c2 = hyper[6];
    float beta1 = hyper[8], rest1 = hyper[9], beta2 = hyper[10], rest2 = hyper[11];
    float change = rate * c2 / c1, floor = hyper[12] * c2, shrink = 1 - rate * hyper[13];
    for (int i = 4 * (blockIdx.x * blockDim.x + threadIdx.x); i < n;
         i += 4 * gridDim.x * blockDim.x) {
        float4 a = load4(g + i), b = load4(m + i), c = load4(v + i), d = load4(p + i);
        float *x = &a.x, *first = &b.x, *second = &c.x, *value = &d.x;
        float keep = i < decayed ? shrink : 1.f;
        for (int j = 0; j < 4; j++) {
            float y = x[j] * scale;
            first[j] = beta1 * first[j] + rest1 * y;
            second[j] = beta2 * second[j] + rest2 * y * y;
            value[j] = value[j] * keep - change * first[j] / (sqrtf(second[j]) + floor);
        }
        store4(m + i, b);
        store4(v + i, c);
        store4(p + i, d);
    }
}
