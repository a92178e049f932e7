using System.Buffers.Binary;
using System.Text;

namespace LlmCourse.Tests.Checkpoints;

/// <summary>Safetensors files put together by hand.</summary>
internal static class SafetensorsBytes
{
    /// <summary>The header's length, the header, the data.</summary>
    public static byte[] File(ReadOnlySpan<byte> header, params byte[] data) => WithLength((ulong)header.Length, header, data);

    public static byte[] File(string header, params byte[] data) => File(Encoding.UTF8.GetBytes(header), data);

    /// <summary>The same with a length that may be wrong.</summary>
    public static byte[] WithLength(ulong length, ReadOnlySpan<byte> header, params byte[] data)
    {
        byte[] prefix = new byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(prefix, length);
        return [.. prefix, .. header, .. data];
    }
}
