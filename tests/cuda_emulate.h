// CUDA C++ on the CPU, for tests without a GPU: the threads of a block are coroutines that take
// turns; they change at barriers and warp operations. Blocks run one after the other.
#include <csetjmp>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <algorithm>
#include <ucontext.h>
#include <vector>
#define EMULATED
#define __global__
#define __device__
#define __shared__ static
#define __launch_bounds__(...)
#define DYNAMIC_SHARED(name) float* name = (float*)emu::dynamic_shared
struct float2 { float x, y; };
struct alignas(16) float4 { float x, y, z, w; };
struct alignas(16) uint4 { unsigned x, y, z, w; };
struct dim3 { unsigned x, y, z; };
inline float2 make_float2(float x, float y) { return {x, y}; }
inline float4 make_float4(float x, float y, float z, float w) { return {x, y, z, w}; }
using std::min;

namespace emu {
struct Thread {
    ucontext_t start;
    jmp_buf at;
    bool begun, done;
    dim3 index;
    int number;
    unsigned block_wait, warp_wait;  // barriers passed
};
static std::vector<Thread> threads;
static std::vector<char*> stacks;
static Thread* current;
static dim3 block_index, block_dim, grid_dim;
static float4* dynamic_shared;
static unsigned block_count, block_phase, warp_count[32], warp_phase[32];
static float floats[32][32];
static unsigned words[32][32];
static float operands[32][32][6];
static void (*body)(void*);
static void* arguments;
static jmp_buf scheduler;

inline void yield() {
    if (!_setjmp(current->at)) _longjmp(scheduler, 1);
}
inline void barrier(unsigned& count, unsigned& phase, unsigned size) {
    unsigned mine = phase;
    if (++count == size) {
        count = 0;
        phase++;
        return;
    }
    while (phase == mine) yield();
}
inline int warp() { return current->number / 32; }
inline int lane() { return current->number % 32; }
inline void sync_warp() { barrier(warp_count[warp()], warp_phase[warp()], 32); }
inline void entry() {
    body(arguments);
    current->done = true;
    _longjmp(scheduler, 1);
}
inline void run(void (*kernel)(void*), void* given, dim3 grid, dim3 block, size_t shared_bytes) {
    unsigned n = block.x * block.y * block.z;
    body = kernel, arguments = given, grid_dim = grid, block_dim = block;
    std::vector<float4> shared(shared_bytes / 16 + 1);
    dynamic_shared = shared.data();
    while (stacks.size() < n) stacks.push_back((char*)malloc(1 << 17));
    threads.resize(n);
    for (unsigned b = 0; b < grid.x * grid.y * grid.z; b++) {
        block_index = {b % grid.x, b / grid.x % grid.y, b / grid.x / grid.y};
        memset((void*)shared.data(), 0xff, shared.size() * 16);  // NaN
        block_count = block_phase = 0;
        memset(warp_count, 0, sizeof warp_count);
        for (unsigned i = 0; i < n; i++) {
            Thread& t = threads[i];
            t.begun = t.done = false;
            t.number = i;
            t.index = {i % block.x, i / block.x % block.y, i / block.x / block.y};
        }
        for (volatile bool more = true; more;) {
            more = false;
            for (volatile unsigned i = 0; i < n; i++) {
                if (threads[i].done) continue;
                more = true;
                current = &threads[i];
                if (_setjmp(scheduler)) continue;
                if (current->begun) _longjmp(current->at, 1);
                current->begun = true;
                getcontext(&current->start);
                current->start.uc_stack.ss_sp = stacks[i];
                current->start.uc_stack.ss_size = 1 << 17;
                current->start.uc_link = nullptr;
                makecontext(&current->start, entry, 0);
                setcontext(&current->start);
            }
        }
    }
}
}  // namespace emu

#define threadIdx emu::current->index
#define blockIdx emu::block_index
#define blockDim emu::block_dim
#define gridDim emu::grid_dim
inline void __syncthreads() {
    emu::barrier(emu::block_count, emu::block_phase, emu::threads.size());
}
inline float __shfl_xor_sync(unsigned, float x, int step) {
    emu::floats[emu::warp()][emu::lane()] = x;
    emu::sync_warp();
    x = emu::floats[emu::warp()][emu::lane() ^ step];
    emu::sync_warp();
    return x;
}
template <class T>
inline T __shfl_sync(unsigned, T x, int from) {
    memcpy(&emu::words[emu::warp()][emu::lane()], &x, 4);
    emu::sync_warp();
    memcpy(&x, &emu::words[emu::warp()][from & 31], 4);
    emu::sync_warp();
    return x;
}
inline unsigned __ballot_sync(unsigned, bool x) {
    emu::words[emu::warp()][emu::lane()] = x;
    emu::sync_warp();
    unsigned all = 0;
    for (int i = 0; i < 32; i++) all |= emu::words[emu::warp()][i] << i;
    emu::sync_warp();
    return all;
}
inline unsigned __umulhi(unsigned a, unsigned b) { return (uint64_t)a * b >> 32; }
inline int __ffs(unsigned x) { return __builtin_ffs(x); }
inline float __expf(float x) { return expf(x); }
inline float rsqrtf(float x) { return 1 / sqrtf(x); }
inline float tf32(float x) {  // to nearest, ties away from 0
    unsigned bits;
    memcpy(&bits, &x, 4);
    bits = (bits + 0x1000) & ~0x1fffu;
    memcpy(&x, &bits, 4);
    return x;
}
inline float low_bits_cut(float x) {  // what the tensor cores do to an operand that is not rounded
    unsigned bits;
    memcpy(&bits, &x, 4);
    bits &= ~0x1fffu;
    memcpy(&x, &bits, 4);
    return x;
}
inline void mma_tf32(float* d, const float* a, const float* b) {
    auto& all = emu::operands[emu::warp()];
    float* mine = all[emu::lane()];
    for (int i = 0; i < 4; i++) mine[i] = low_bits_cut(a[i]);
    for (int i = 0; i < 2; i++) mine[4 + i] = low_bits_cut(b[i]);
    emu::sync_warp();
    int g = emu::lane() / 4, t = emu::lane() % 4;
    for (int i = 0; i < 4; i++) {
        int row = i / 2, n = 2 * t + i % 2;
        for (int k = 0; k < 8; k++)
            d[i] += all[4 * g + k % 4][row + 2 * (k / 4)] * all[4 * n + k % 4][4 + k / 4];
    }
    emu::sync_warp();
}
