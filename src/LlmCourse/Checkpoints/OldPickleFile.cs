using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Checkpoints;

/// <summary>
/// A <c>pytorch_model.bin</c> as torch.save wrote it before 1.6: pickles, read by <see cref="PickleReader"/>, and behind them the numbers
/// of each storage.
/// </summary>
internal sealed unsafe class OldPickleFile : IWeightSource
{
    private const int MaxPickleBytes = 16 << 20;

    private readonly MappedFile _file;
    private readonly Dictionary<string, PickleView> _views;
    private readonly Dictionary<string, WeightInfo> _weights = new(StringComparer.Ordinal);

    private OldPickleFile(MappedFile file)
    {
        _file = file;
        byte[] head = new ReadOnlySpan<byte>(file.Data, (int)Math.Min(file.Length, MaxPickleBytes)).ToArray();
        PickleReader.OldPickles pickles = PickleReader.ReadOld(file.Path, head);
        _views = pickles.Tensors;
        Dictionary<string, long> starts = Starts(pickles);
        foreach ((string name, PickleView view) in _views)
        {
            (WeightInfo? weight, string? fault) = starts.TryGetValue(view.Storage.Key, out long start)
                ? view.Check(name, start, file.Path) : (null, $"the numbers of tensor '{name}' are not in the file");
            _weights.Add(name, weight ?? throw Damaged(fault!));
        }
    }

    public IReadOnlyDictionary<string, WeightInfo> Weights => _weights;

    public static OldPickleFile Open(string path)
    {
        MappedFile file = MappedFile.Open(path);
        try
        {
            return new OldPickleFile(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public void CopyTo(string name, Tensor destination)
    {
        WeightInfo weight = this.Find(name, destination);
        if (weight.Bytes == 0)
            return;
        PickleView view = _views[name];
        using var noGrad = no_grad();
        using Tensor numbers = empty([view.Extent()], weight.Type, CPU);
        _file.CopyTo(weight.Offset, TensorMemory.Pointer(numbers), numbers.NumberOfElements * TensorMemory.ElementSize(weight.Type));
        using Tensor shaped = numbers.as_strided(view.Shape, view.Strides);
        destination.copy_(shaped);
    }

    public void Dispose() => _file.Dispose();

    /// <summary>Where each storage's numbers begin: behind their count.</summary>
    private Dictionary<string, long> Starts(PickleReader.OldPickles pickles)
    {
        Dictionary<string, long> starts = new(StringComparer.Ordinal);
        long at = pickles.End;
        foreach (PickleStorage storage in pickles.Storages)
        {
            long size = PickleFile.TypeOf(storage.Type) is { } type ? TensorMemory.ElementSize(type) : throw Damaged($"the storage {storage.Key} has the type {storage.Type}");
            if (_file.Length - at < sizeof(long) || *(long*)(_file.Data + at) != storage.Count || storage.Count > (_file.Length - at - sizeof(long)) / size)
                throw Damaged($"the storage {storage.Key} is cut off, or has not the {storage.Count} numbers that it should");
            if (!starts.TryAdd(storage.Key, at + sizeof(long)))
                throw Damaged($"the storage {storage.Key} is there twice");
            at += sizeof(long) + (storage.Count * size);
        }

        return starts;
    }

    private CheckpointException Damaged(string what) => new(_file.Path, $"the file is damaged: {what}. Download it again.");
}
