using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using LlmCourse.Runtime;
using static TorchSharp.torch;

namespace LlmCourse.Checkpoints;

/// <summary>The way between tensors and plain memory.</summary>
internal static unsafe partial class TensorMemory
{
    /// <summary>
    /// A CPU tensor over memory that somebody else owns and keeps alive for as long as the tensor. TorchSharp's public
    /// ways of doing this are limited to 2^31 elements and to one managed element type each.
    /// </summary>
    public static Tensor Over(byte* data, ScalarType type, long[] shape)
    {
        InitializeDeviceType(TorchSharp.DeviceType.CPU); // loads the native library where this is the first use of it
        delegate* unmanaged[Cdecl]<nint, void> keep = &Keep;
        fixed (long* sizes = shape)
        {
            long none = 0; // a scalar has no sizes, and the callee wants a valid address
            nint handle = THSTensor_new(
                (nint)data, (nint)keep, shape.Length == 0 ? &none : sizes, shape.Length,
                (sbyte)type, (sbyte)type, (int)TorchSharp.DeviceType.CPU, -1, 0);
            if (handle == 0)
                CheckForErrors();
            return Tensor.UnsafeCreateTensor(handle);
        }
    }

    /// <summary>The first element of a contiguous CPU tensor that is not empty. The tensor must outlive the pointer.</summary>
    public static byte* Pointer(Tensor tensor)
    {
        // Tensor.bytes refuses tensors above 2 GB; of one element it gives the same address.
        using Tensor flat = tensor.view(-1);
        using Tensor first = flat.narrow(0, 0, 1);
        return (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(first.bytes));
    }

    /// <summary>True where <paramref name="tensor"/> is plain memory of the given type, in row-major order.</summary>
    public static bool IsPlain(Tensor tensor, ScalarType type) =>
        tensor.device_type == TorchSharp.DeviceType.CPU && tensor.dtype == type && tensor.is_contiguous();

    /// <summary>Copies a tensor stored in a plain type into one of any type, place and layout.</summary>
    public static void Copy(MappedFile file, WeightInfo weight, Tensor destination)
    {
        if (weight.Bytes == 0)
            return;
        // A stored bool may be any byte. Taken as a number it becomes a proper one in the conversion.
        ScalarType stored = weight.Type == ScalarType.Bool ? ScalarType.Byte : weight.Type;
        using IDisposable noGradient = no_grad();
        if (IsPlain(destination, stored))
        {
            file.CopyTo(weight.Offset, Pointer(destination), weight.Bytes);
            WriteCount.Raise(destination);
        }
        else if (weight.Offset % ElementSize(stored) == 0) // the mapping itself begins at a page
        {
            using Tensor mapped = Over(file.Data + weight.Offset, stored, weight.Shape);
            destination.copy_(mapped);
        }
        else
        {
            using Tensor aligned = empty(weight.Shape, stored, CPU);
            file.CopyTo(weight.Offset, Pointer(aligned), weight.Bytes);
            destination.copy_(aligned);
        }
    }

    public static uint ElementSize(ScalarType type) => type switch
    {
        ScalarType.Bool or ScalarType.Byte or ScalarType.Int8 => 1,
        ScalarType.Int16 or ScalarType.Float16 or ScalarType.BFloat16 => 2,
        ScalarType.Int32 or ScalarType.Float32 => 4,
        ScalarType.Int64 or ScalarType.Float64 => 8,
        _ => throw new NotSupportedException($"Tensors of type {type} are not part of a checkpoint."),
    };

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Keep(nint data)
    {
    }

    [LibraryImport("LibTorchSharp")]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    private static partial nint THSTensor_new(
        nint data, nint deleter, long* sizes, int count, sbyte type, sbyte convertTo, int device, int deviceIndex, byte requiresGradient);
}
