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

// Logits (N, V) in rows of `stride`, a multiple of 4 -> their gradient in their place, 0 in the
// padding; each row's loss. One block a row. The first pass keeps a running maximum, so the row is read twice.
extern "C" __global__ void softmax_loss(float* logits, const int* targets, float* losses, int V,
                                        int stride, float share) {
    __shared__ float shared[32];
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

// parts[b] = block b's share of the sum of squares; the last block instead sums the losses.
extern "C" __global__ void squared_norm(const float* g, const float* losses, float* parts, int n,
                                        int N) {
    __shared__ float shared[32];
    int blocks = gridDim.x - 1;
    float sum = 0;
    if (blockIdx.x == blocks) {
        for (int i = threadIdx.x; i < N; i += blockDim.x) sum += losses[i];
    } else {
        for (int i = 4 * (blockIdx.x * blockDim.x + threadIdx.x); i < n;
             i += 4 * blocks * blockDim.x) {
            float4 x = load4(g + i);
            sum += total(mul(x, x));
        }
    }
    sum = block_sum(sum, shared);
    if (threadIdx.x == 0) parts[blockIdx.x] = sum;
}

// AdamW with clipping. Every block adds the parts of the norm up for itself, in the same order, so
// all see the same bits. Where the loss or the norm is not finite, nothing is updated.
// stats: [0] the mean loss, [1] the norm before clipping. The first `decayed` numbers decay.
extern "C" __global__ void adamw(float* p, const float* g, float* m, float* v, const float* parts,
                                 float* stats, const int* head, int n, int decayed, int blocks,
                                 float share, float beta1, float beta2, float epsilon,
                                 float decay) {
    __shared__ float shared[32];
    const float* hyper = (const float*)head;
    float sum = 0;
    for (int i = threadIdx.x; i < blocks; i += blockDim.x) sum += parts[i];
    float norm = sqrtf(block_sum(sum, shared)), loss = parts[blocks] * share, clip = hyper[7];
    if (blockIdx.x == 0 && threadIdx.x == 0) stats[0] = loss, stats[1] = norm;
    if (!(fabsf(loss) < 3e38f && norm < 3e38f)) return;
    float scale = clip > 0 && clip < norm ? clip / norm : 1.f;
    float rate = hyper[4], c1 = hyper[5], c2 = hyper[6];
    float change = rate * c2 / c1, floor = epsilon * c2, shrink = 1 - rate * decay;
    for (int i = 4 * (blockIdx.x * blockDim.x + threadIdx.x); i < n;
         i += 4 * gridDim.x * blockDim.x) {
        float4 a = load4(g + i), b = load4(m + i), c = load4(v + i), d = load4(p + i);
        float *x = &a.x, *first = &b.x, *second = &c.x, *value = &d.x;
        float keep = i < decayed ? shrink : 1.f;
        for (int j = 0; j < 4; j++) {
            float y = x[j] * scale;
            first[j] = beta1 * first[j] + (1 - beta1) * y;
            second[j] = beta2 * second[j] + (1 - beta2) * y * y;
            value[j] = value[j] * keep - change * first[j] / (sqrtf(second[j]) + floor);
        }
        store4(m + i, b);
        store4(v + i, c);
        store4(p + i, d);
    }
}
