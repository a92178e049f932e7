using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace LlmCourse.Tests.Checkpoints;

/// <summary>Files of torch.save put together by hand: the instructions that PyTorch writes for a state dict, and its storages.</summary>
internal static class PickleBytes
{
    /// <summary>A state dict of tensors, each a view of a storage of its own.</summary>
    public static byte[] Of(params (string Name, string Type, int[] Shape, int[] Strides, int Offset, byte[] Storage, int Count)[] tensors) =>
        Archive(Program(tensors, "tQ"u8), [.. tensors.Select(tensor => tensor.Storage)]);

    /// <summary>The same as PyTorch wrote it before 1.6: pickles one after another, then each storage behind its count.</summary>
    public static byte[] Old(params (string Name, string Type, int[] Shape, int[] Strides, int Offset, byte[] Storage, int Count)[] tensors) =>
    [
        .. OldHead(0x88), .. Program(tensors, "NtQ"u8), // the N: it is no part of another storage
        0x80, 2, .. "]("u8, .. Enumerable.Range(0, tensors.Length).SelectMany(i => Text($"{i}")), .. "e."u8,
        .. tensors.SelectMany(tensor => BitConverter.GetBytes((long)tensor.Count).Concat(tensor.Storage)),
    ];

    /// <summary>What such a file begins with: 0x1950a86a20f9469cfc6c, 1001, and what the machine was like.</summary>
    public static byte[] OldHead(byte littleEndian) =>
    [
        0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, .. "."u8, 0x80, 2, .. "M"u8, 0xe9, 0x03, .. "."u8,
        0x80, 2, .. "}("u8, .. Text("little_endian"), littleEndian, .. "u."u8,
    ];

    private static byte[] Program((string Name, string Type, int[] Shape, int[] Strides, int Offset, byte[] Storage, int Count)[] tensors, ReadOnlySpan<byte> named)
    {
        List<byte> code = [0x80, 2, .. Global("collections", "OrderedDict"), .. ")R"u8, .. "("u8];
        for (int i = 0; i < tensors.Length; i++)
        {
            (string name, string type, int[] shape, int[] strides, int offset, _, int count) = tensors[i];
            code.AddRange(
            [
                .. Text(name), .. Global("torch._utils", "_rebuild_tensor_v2"), .. "("u8,
                .. "("u8, .. Text("storage"), .. Global("torch", type), .. Text($"{i}"), .. Text("cpu"), .. Number(count), .. named,
                .. Number(offset), .. Tuple(shape), .. Tuple(strides), 0x89, .. Global("collections", "OrderedDict"), .. ")RtR"u8,
            ]);
        }

        return [.. code, .. "u."u8];
    }

    /// <summary>The archive of a pickle and its storages.</summary>
    public static byte[] Archive(byte[] pickle, params byte[][] storages)
    {
        using MemoryStream stream = new();
        using (ZipArchive archive = new(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            Put("x/data.pkl", pickle);
            Put("x/byteorder", Encoding.ASCII.GetBytes("little"));
            for (int i = 0; i < storages.Length; i++)
                Put($"x/data/{i}", storages[i]);

            void Put(string name, byte[] content)
            {
                using Stream entry = archive.CreateEntry(name, CompressionLevel.NoCompression).Open();
                entry.Write(content);
            }
        }

        return stream.ToArray();
    }

    public static byte[] Global(string module, string name) => Encoding.ASCII.GetBytes($"c{module}\n{name}\n");

    public static byte[] Text(string text)
    {
        byte[] content = Encoding.UTF8.GetBytes(text), length = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, content.Length);
        return [(byte)'X', .. length, .. content];
    }

    private static byte[] Number(int number)
    {
        byte[] content = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(content, number);
        return [(byte)'J', .. content];
    }

    private static byte[] Tuple(int[] numbers) => [(byte)'(', .. numbers.SelectMany(Number), (byte)'t'];
}
