using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using static TorchSharp.torch;

namespace LlmCourse.Runtime;

/// <summary>
/// The gradients of <see cref="CpuElementwise"/>, in one pass each. fp32 on the CPU, contiguous. They run inside backward
/// passes: shapes were checked on the way forward.
/// </summary>
internal static unsafe class CpuGradients
{
    private const int Lanes = 8;

    // Sums over rows are made in as many parts whatever the number of threads, and joined in order: the same bits every time.
    private const int Parts = 8;

    /// <summary>x and g [.., D], weight [D] → ∂x [.., D], ∂w [D]: see <see cref="RmsNormFunction"/>.</summary>
    public static (Tensor X, Tensor Weight) RmsNorm(Tensor x, Tensor weight, Tensor gradient, double epsilon)
    {
        int size = (int)x.size(-1);
        long rows = x.numel() / size, part = (rows + Parts - 1) / Parts;
        Tensor dx = CpuKernels.Result(x.shape), sums = zeros([Parts, size], ScalarType.Float32, CPU);
        float* from = CpuKernels.Data(x), w = CpuKernels.Data(weight), g = CpuKernels.Data(gradient), to = CpuKernels.Data(dx), dw = CpuKernels.Data(sums);
        CpuKernels.Share(Parts, part * size * 2, (first, last) =>
        {
            for (long p = first; p < last; p++)
            {
                for (long r = p * part; r < Math.Min(rows, (p + 1) * part); r++)
                    RmsNormRow(from + (r * size), w, g + (r * size), to + (r * size), dw + (p * size), size, (float)epsilon);
            }
        });
        CpuKernels.KeepAlive(x, weight, gradient);
        return (dx, sums.sum([0]));
    }

    /// <summary>gate, up and g of one shape → ∂gate, ∂up: see <see cref="GatedSiluFunction"/>.</summary>
    public static (Tensor Gate, Tensor Up) GatedSilu(Tensor gate, Tensor up, Tensor gradient)
    {
        Tensor ofGate = CpuKernels.Result(gate.shape), ofUp = CpuKernels.Result(gate.shape);
        float* a = CpuKernels.Data(gate), b = CpuKernels.Data(up), g = CpuKernels.Data(gradient), da = CpuKernels.Data(ofGate), db = CpuKernels.Data(ofUp);
        CpuKernels.Share(gate.numel() / Lanes, Lanes * 8, (first, last) =>
        {
            for (long i = first * Lanes; i < last * Lanes; i += Lanes)
            {
                Vector256<float> z = Vector256.Load(a + i), slope = Vector256.Load(g + i), s = Vector256<float>.One / (Vector256<float>.One + Vector256.Exp(-z));
                (slope * z * s).Store(db + i);
                (slope * Vector256.Load(b + i) * s * (Vector256<float>.One + (z * (Vector256<float>.One - s)))).Store(da + i);
            }
        });
        for (long i = gate.numel() / Lanes * Lanes; i < gate.numel(); i++)
        {
            float s = 1 / (1 + MathF.Exp(-a[i]));
            db[i] = g[i] * a[i] * s;
            da[i] = g[i] * b[i] * s * (1 + (a[i] * (1 - s)));
        }

        CpuKernels.KeepAlive(gate, up, gradient);
        return (ofGate, ofUp);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void RmsNormRow(float* x, float* w, float* g, float* dx, float* dw, int size, float epsilon)
    {
        Vector256<float> squares = default, products = default;
        int i = 0;
        for (; i <= size - Lanes; i += Lanes)
        {
            Vector256<float> value = Vector256.Load(x + i);
            squares = Vector256.FusedMultiplyAdd(value, value, squares);
            products = Vector256.FusedMultiplyAdd(Vector256.Load(g + i) * Vector256.Load(w + i), value, products);
        }

        float square = Vector256.Sum(squares), product = Vector256.Sum(products);
        for (; i < size; i++)
        {
            square += x[i] * x[i];
            product += g[i] * w[i] * x[i];
        }

        float r = 1 / MathF.Sqrt((square / size) + epsilon), pull = r * r * r * product / size;
        for (i = 0; i <= size - Lanes; i += Lanes)
        {
            Vector256<float> value = Vector256.Load(x + i), slope = Vector256.Load(g + i);
            ((slope * Vector256.Load(w + i) * r) - (value * pull)).Store(dx + i);
            (Vector256.Load(dw + i) + (slope * value * r)).Store(dw + i);
        }

        for (; i < size; i++)
        {
            dx[i] = (g[i] * w[i] * r) - (x[i] * pull);
            dw[i] += g[i] * x[i] * r;
        }
    }
}
