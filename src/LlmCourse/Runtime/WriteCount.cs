using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace LlmCourse.Runtime;

/// <summary>
/// How often torch wrote to a tensor's storage: what is derived from it is stale once the count has risen. Views share it. Stock
/// optimizers and in-place operators raise it; aten::_fused_adamw_ and writes through a pointer do not.
/// </summary>
internal static unsafe class WriteCount
{
    private static readonly nint NewHandle = Export("aoti_torch_new_tensor_handle");

    private static readonly nint CallDispatcher = Export("aoti_torch_call_dispatcher");

    /// <summary>The count: a tenth of the time of TorchScript's way, which is the definition and takes over where this one is missing.</summary>
    public static long Of(Tensor tensor)
    {
        if (Kernels.Fast && NewHandle != 0 && CallDispatcher != 0)
        {
            ulong stack; // the argument, which the callee takes over, then the result
            bool counted = ((delegate* unmanaged[Cdecl]<nint, ulong*, int>)NewHandle)(tensor.Handle, &stack) == 0;
            GC.KeepAlive(tensor);
            fixed (byte* name = "aten::_version\0"u8, overload = "\0"u8)
                counted = counted && ((delegate* unmanaged[Cdecl]<byte*, byte*, ulong*, int>)CallDispatcher)(name, overload, &stack) == 0;
            if (counted)
                return (long)stack;
        }

        return Script.Version(tensor);
    }

    /// <summary>For whoever wrote to the tensor's memory behind torch's back: counts one write.</summary>
    public static void Raise(Tensor tensor)
    {
        using IDisposable noGradient = no_grad();
        using Tensor nothing = tensor.as_strided([0], [1]);
        using Tensor again = nothing.zero_(); // another handle on the same storage
    }

    // Looked up in the very libtorch that TorchSharp is linked with: a library found by name might be another copy.
    private static nint Export(string name) =>
        NativeLibrary.TryLoad("LibTorchSharp", typeof(WriteCount).Assembly, null, out nint library)
        && NativeLibrary.TryGetExport(library, name, out nint function) ? function : 0;
}
