using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Runtime;

/// <summary>
/// The matrix product of oneDNN, which libtorch contains beside MKL but asks for half precision only. MKL does not use all of an AMD
/// processor: there oneDNN multiplies fp32 5 to 15 % faster (docs/performance.md). Which one is used depends on the processor and the
/// shapes alone, so that a machine gives the same bits every time. fp32 on the CPU, no gradient.
/// </summary>
internal static unsafe class OneDnn
{
    private const int FewestRows = 9, FewestColumns = 64;

    private static readonly Lazy<nint> LinearFunction = new(Find);

    /// <summary>x Wᵀ + b for x [.., K], W [N, K] of any strides, b [N] or null → [.., N]; null where torch's own product is as good.</summary>
    public static Tensor? Linear(Tensor x, Tensor weight, Tensor? bias)
    {
        long inner = weight.size(1), rows = x.numel() / Math.Max(1, inner);
        if (rows < FewestRows || inner < FewestColumns || weight.size(0) < FewestColumns || weight.dtype != ScalarType.Float32 || LinearFunction.Value is var function && function == 0)
            return null;
        nint added = bias?.Handle ?? 0, result = 0;
        int status;
        fixed (byte* nothing = "none\0"u8)
        {
            // AOTITorchError aoti_torch_cpu__linear_pointwise(X, W, B*, attr, scalars, scalars_len, algorithm*, ret0*): libtorch's stable interface for compiled models
            status = ((delegate* unmanaged[Cdecl]<nint, nint, nint*, byte*, void*, long, void*, nint*, int>)function)(
                x.Handle, weight.Handle, bias is null ? null : &added, nothing, null, 0, null, &result);
        }

        CpuKernels.KeepAlive(x, weight, bias);
        return status == 0 ? Tensor.UnsafeCreateTensor(result) : null;
    }

    private static nint Find() =>
        MultipliesFaster() && NativeLibrary.TryLoad(NativeLoader.FileName("torch_cpu"), out nint library)
        && NativeLibrary.TryGetExport(library, "aoti_torch_cpu__linear_pointwise", out nint function) ? function : 0;

    // "AuthenticAMD" with 512-bit vectors.
    private static bool MultipliesFaster()
    {
        if (!Avx512F.IsSupported)
            return false;
        (_, int first, int last, int middle) = X86Base.CpuId(0, 0);
        return (first, middle, last) == (0x68747541, 0x69746e65, 0x444d4163);
    }
}
