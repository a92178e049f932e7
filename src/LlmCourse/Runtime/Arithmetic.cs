using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Runtime;

/// <summary>
/// Tensor arithmetic with numbers. TorchSharp makes a native object of every number, even of the factor 1 that is part of
/// <c>x.add(y)</c>, and nothing keeps that object alive during the call: a collection that another thread starts at the
/// wrong moment frees it, and the operator fails or reads freed memory. Here numbers are held until the call has returned.
/// The library uses these and no others; a test reads that off its instructions.
/// </summary>
internal static class Arithmetic
{
    private static readonly Scalar One = 1;
    private static readonly Scalar MinusOne = -1;

    public static Tensor Plus(this Tensor x, Tensor y) => x.add(y, One);

    public static Tensor PlusInPlace(this Tensor x, Tensor y) => x.add_(y, One);

    public static Tensor Plus(this Tensor x, double number)
    {
        using Scalar held = number;
        return x.add(held, One);
    }

    public static Tensor PlusInPlace(this Tensor x, double number)
    {
        using Scalar held = number;
        return x.add_(held, One);
    }

    public static Tensor Minus(this Tensor x, Tensor y) => x.add(y, MinusOne);

    public static Tensor MinusInPlace(this Tensor x, Tensor y) => x.add_(y, MinusOne);

    public static Tensor Times(this Tensor x, double number)
    {
        using Scalar held = number;
        return x.mul(held);
    }

    public static Tensor TimesInPlace(this Tensor x, double number)
    {
        using Scalar held = number;
        return x.mul_(held);
    }

    public static Tensor Over(this Tensor x, double number)
    {
        using Scalar held = number;
        return x.div(held);
    }

    public static Tensor OverInPlace(this Tensor x, double number)
    {
        using Scalar held = number;
        return x.div_(held);
    }

    /// <summary>x with a number where the mask is true.</summary>
    public static Tensor With(this Tensor x, Tensor mask, double number)
    {
        using Scalar held = number;
        return x.masked_fill(mask, held);
    }

    public static Tensor WithInPlace(this Tensor x, Tensor mask, double number)
    {
        using Scalar held = number;
        return x.masked_fill_(mask, held);
    }

    public static Tensor FillInPlace(this Tensor x, double number)
    {
        using Scalar held = number;
        return x.fill_(held);
    }

    public static Tensor IsNot(this Tensor x, long number)
    {
        using Scalar held = number;
        return x.ne(held);
    }

    public static Tensor Is(this Tensor x, double number)
    {
        using Scalar held = number;
        return x.eq(held);
    }

    public static Tensor IsBelow(this Tensor x, double number)
    {
        using Scalar held = number;
        return x.lt(held);
    }

    public static Tensor IsAbove(this Tensor x, double number)
    {
        using Scalar held = number;
        return x.gt(held);
    }

    /// <summary>x ≥ number, bool.</summary>
    public static Tensor IsAtLeast(this Tensor x, double number)
    {
        using Scalar held = number;
        return x.ge(held);
    }

    /// <summary>1 where x is at least a number, else 0, in x's own type.</summary>
    public static Tensor IsAtLeastInPlace(this Tensor x, double number)
    {
        using Scalar held = number;
        return x.ge_(held);
    }

    /// <summary>A tensor of one number.</summary>
    public static Tensor Filled(long[] shape, double number, ScalarType type, Device device)
    {
        using Scalar held = number;
        return full(shape, held, type, device);
    }

    /// <summary>0, 1, …, count − 1 as int64.</summary>
    public static Tensor Range(long count, Device device)
    {
        using Scalar first = 0, end = count, step = 1;
        return arange(first, end, step, ScalarType.Int64, device);
    }

    /// <summary>The number in a tensor of one. TorchSharp's own ways to it go through an object of the same kind.</summary>
    public static double Number(this Tensor x) => Only<double>(x, ScalarType.Float64);

    /// <summary>The integer in a tensor of one.</summary>
    public static long Whole(this Tensor x) => Only<long>(x, ScalarType.Int64);

    /// <summary>Whether a tensor of one is true.</summary>
    public static bool IsTrue(this Tensor x) => Only<bool>(x, ScalarType.Bool);

    private static T Only<T>(Tensor x, ScalarType type)
        where T : unmanaged
    {
        if (x.numel() != 1)
            throw new ArgumentException($"One number is wanted, found a tensor of [{string.Join(", ", x.shape)}].", nameof(x));
        using Tensor plain = x.detach(), host = plain.to(type, CPU);
        return host.data<T>()[0];
    }
}
