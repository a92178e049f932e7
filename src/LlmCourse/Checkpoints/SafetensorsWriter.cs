using System.Buffers;
using System.Buffers.Binary;
using System.Text.Encodings.Web;
using System.Text.Json;
using static TorchSharp.torch;

namespace LlmCourse.Checkpoints;

/// <summary>
/// Writes safetensors files, byte for byte as the reference implementation does: the same tensors give the same file.
/// Data go from the tensors to the file without a copy of the whole.
/// </summary>
internal static unsafe class SafetensorsWriter
{
    private const int HeaderAlignment = 8;
    private const int ChunkBytes = 1 << 26;

    /// <summary>What transformers wants to see, or it refuses the file.</summary>
    private static readonly Dictionary<string, string> PyTorchFormat = new() { ["format"] = "pt" };

    /// <summary>Writes a file that appears whole or not at all.</summary>
    public static void Write(string path, IReadOnlyList<PendingWeight> weights, IReadOnlyDictionary<string, string>? metadata = null)
    {
        // Wide types first: with data that start at a multiple of 8 every tensor is then aligned to its own elements.
        PendingWeight[] ordered =
        [
            .. weights
                .OrderByDescending(weight => SafetensorsType.Rank(weight.Type))
                .ThenBy(weight => weight.Name, StringComparer.Ordinal),
        ];
        byte[] header = Header(ordered, metadata ?? PyTorchFormat);
        AtomicFile.Write(path, stream =>
        {
            stream.Write(header);
            foreach (PendingWeight weight in ordered)
                WriteData(stream, weight);
        });
    }

    private static byte[] Header(PendingWeight[] weights, IReadOnlyDictionary<string, string> metadata)
    {
        ArrayBufferWriter<byte> buffer = new();
        buffer.Advance(WriteLength(buffer.GetSpan(sizeof(ulong)), 0)); // the place of the length
        using (Utf8JsonWriter json = new(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
            WriteHeader(json, weights, metadata);
        int padding = -buffer.WrittenCount & (HeaderAlignment - 1);
        buffer.GetSpan(HeaderAlignment)[..padding].Fill((byte)' ');
        buffer.Advance(padding);
        byte[] header = buffer.WrittenSpan.ToArray();
        WriteLength(header, header.Length - sizeof(ulong));
        return header;
    }

    private static int WriteLength(Span<byte> target, int length)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(target, (ulong)length);
        return sizeof(ulong);
    }

    private static void WriteHeader(Utf8JsonWriter json, PendingWeight[] weights, IReadOnlyDictionary<string, string> metadata)
    {
        HashSet<string> names = ["__metadata__"];
        json.WriteStartObject();
        json.WriteStartObject("__metadata__");
        foreach ((string key, string value) in metadata.OrderBy(entry => entry.Key, StringComparer.Ordinal))
            json.WriteString(key, value);
        json.WriteEndObject();
        long position = 0;
        foreach (PendingWeight weight in weights)
        {
            if (!names.Add(weight.Name))
                throw new ArgumentException($"Two tensors cannot both be named '{weight.Name}'.", nameof(weights));
            json.WriteStartObject(weight.Name);
            json.WriteString("dtype", SafetensorsType.Name(weight.Type));
            WriteNumbers(json, "shape", weight.Shape);
            WriteNumbers(json, "data_offsets", [position, position + weight.Bytes]);
            json.WriteEndObject();
            position += weight.Bytes;
        }

        json.WriteEndObject();
    }

    private static void WriteNumbers(Utf8JsonWriter json, string key, ReadOnlySpan<long> numbers)
    {
        json.WriteStartArray(key);
        foreach (long number in numbers)
            json.WriteNumberValue(number);
        json.WriteEndArray();
    }

    private static void WriteData(FileStream stream, PendingWeight weight)
    {
        using IDisposable noGradient = no_grad();
        using Tensor tensor = weight.Read();
        if (tensor.dtype != weight.Type || !tensor.shape.AsSpan().SequenceEqual(weight.Shape))
            throw new InvalidOperationException($"Tensor '{weight.Name}' was announced with another type or shape than it has.");
        if (weight.Bytes == 0)
            return;
        using Tensor local = tensor.to(CPU);
        using Tensor dense = local.contiguous();
        byte* data = TensorMemory.Pointer(dense);
        for (long position = 0; position < weight.Bytes; position += ChunkBytes)
            stream.Write(new ReadOnlySpan<byte>(data + position, (int)Math.Min(ChunkBytes, weight.Bytes - position)));
    }
}
