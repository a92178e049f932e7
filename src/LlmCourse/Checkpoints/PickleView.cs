using static TorchSharp.torch;

namespace LlmCourse.Checkpoints;

/// <summary>A run of numbers in the file: which type, where, how many.</summary>
internal sealed record PickleStorage(string Type, string Key, long Count);

/// <summary>A view of such a run.</summary>
internal sealed record PickleView(PickleStorage Storage, long Offset, long[] Shape, long[] Strides)
{
    /// <summary>How many numbers lie between the first and the last; -1 where that overflows.</summary>
    public long Extent()
    {
        long reach = 1;
        for (int i = 0; i < Shape.Length; i++)
        {
            if (Math.BigMul(Shape[i] - 1, Strides[i], out long step) != 0 || step < 0 || step > long.MaxValue - reach)
                return -1;
            reach += step;
        }

        return reach;
    }

    /// <summary>The tensor's entry, if everything it needs lies in its storage; else what is wrong.</summary>
    public (WeightInfo? Weight, string? Fault) Check(string name, long start, string path)
    {
        if (PickleFile.TypeOf(Storage.Type) is not { } type)
            return (null, $"tensor '{name}' has the type {Storage.Type}");
        if (!WeightInfo.TryCount(Shape, out long elements) || !WeightInfo.TryCount([.. Shape.Select(length => Math.Max(length, 1))], out _))
            return (null, $"tensor '{name}' has an impossible shape");
        long size = TensorMemory.ElementSize(type), reach = elements == 0 ? 0 : Extent();
        return reach < 0 || Offset < 0 || Offset > Storage.Count - reach || elements > Storage.Count
            ? (null, $"tensor '{name}' reaches beyond its storage")
            : (new WeightInfo(name, Storage.Type, type, Shape, elements * size, start + (Offset * size), path), null);
    }
}
