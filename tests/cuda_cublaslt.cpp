// cuBLASLt's few functions that products.py calls, on the CPU and as its manual describes them: matrices in columns, so much between
// two columns; what does not fit together is refused.
#include <cstddef>
#include <cstdint>
#include <cstring>

struct Layout {
    int type;
    uint64_t rows, columns;
    int64_t between;
};
struct Description {
    int compute, scale, ta, tb, epilogue;
    const float* bias;
};
struct Heuristic {
    uint64_t algo[8];
    size_t workspace;
    int state;
    float waves;
    int reserved[4];
};
enum { INVALID = 7, UNSUPPORTED = 15 };
static int latest_compute;

extern "C" {
int latest() { return latest_compute; }
int cublasLtCreate(void** handle) { return *handle = new int(1), 0; }
int cublasLtMatmulPreferenceCreate(void** made) { return *made = new size_t(0), 0; }
int cublasLtMatmulPreferenceSetAttribute(size_t* preference, int attribute, const void* value, size_t size) {
    if (attribute != 1 || size != 8) return INVALID;
    return memcpy(preference, value, 8), 0;
}
int cublasLtMatrixLayoutCreate(Layout** made, int type, uint64_t rows, uint64_t columns, int64_t between) {
    if (type != 0 || between < (int64_t)rows) return INVALID;
    return *made = new Layout{type, rows, columns, between}, 0;
}
int cublasLtMatmulDescCreate(Description** made, int compute, int scale) {
    if (scale != 0) return INVALID;
    return *made = new Description{compute, scale, 0, 0, 1, nullptr}, 0;
}
int cublasLtMatmulDescSetAttribute(Description* d, int attribute, const void* value, size_t size) {
    int number = 0;
    if (size == 4) memcpy(&number, value, 4);
    if (attribute == 3 && size == 4) return d->ta = number, 0;
    if (attribute == 4 && size == 4) return d->tb = number, 0;
    if (attribute == 7 && size == 4) return d->epilogue = number, 0;
    if (attribute == 8 && size == 8) return memcpy(&d->bias, value, 8), 0;
    return INVALID;
}
int cublasLtMatmulAlgoGetHeuristic(void* handle, Description* d, Layout* a, Layout* b, Layout* c, Layout* out, size_t* preference,
                                   int most, Heuristic* found, int* count) {
    uint64_t m = d->ta ? a->columns : a->rows, k = d->ta ? a->rows : a->columns;
    uint64_t inner = d->tb ? b->columns : b->rows, n = d->tb ? b->rows : b->columns;
    if (inner != k || out->rows != m || out->columns != n || c->rows != m || c->columns != n || most < 1) return INVALID;
    if (!*preference) return UNSUPPORTED;
    *found = {{42}, 0, 0, 1, {}};
    return *count = 1, 0;
}
int cublasLtMatmul(void* handle, Description* d, const float* alpha, const float* A, Layout* a, const float* B, Layout* b,
                   const float* beta, const float* C, Layout* c, float* D, Layout* out, const uint64_t* algo, void* workspace,
                   size_t size, void* stream) {
    if (algo[0] != 42 || !workspace || !stream) return INVALID;
    latest_compute = d->compute;
    uint64_t inner = d->ta ? a->rows : a->columns;
    for (uint64_t j = 0; j < out->columns; j++)
        for (uint64_t i = 0; i < out->rows; i++) {
            double sum = 0;
            for (uint64_t k = 0; k < inner; k++)
                sum += (double)(d->ta ? A[k + i * a->between] : A[i + k * a->between]) *
                       (d->tb ? B[j + k * b->between] : B[k + j * b->between]);
            float x = (float)(*alpha * sum);
            if (*beta != 0) x += *beta * C[i + j * c->between];
            if (d->epilogue == 4) x += d->bias[i];
            D[i + j * out->between] = x;
        }
    return 0;
}
}
