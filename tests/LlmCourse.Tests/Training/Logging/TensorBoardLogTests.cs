using System.Buffers.Binary;
using System.Numerics;
using LlmCourse.Tests.Checkpoints;
using LlmCourse.Training.Logging;
using Tensorboard;

namespace LlmCourse.Tests.Training.Logging;

public sealed class TensorBoardLogTests
{
    [Fact]
    public void Events_can_be_read_back_while_the_run_goes_on()
    {
        using TemporaryFolder folder = new();
        using TensorBoardLog log = new(folder["runs"]);
        log.Write(7, new Dictionary<string, double> { ["loss"] = 2.25, ["lr"] = 0.5 });
        log.Write(8, new Dictionary<string, double> { ["loss"] = double.NaN });
        string file = Assert.Single(Directory.GetFiles(folder["runs"]));
        Assert.Contains("tfevents", Path.GetFileName(file), StringComparison.Ordinal);
        List<Event> events = Read(file);
        Assert.Equal("brain.Event:2", events[0].FileVersion);
        Assert.Equal(
            [(7, "loss", 2.25f), (7, "lr", 0.5f), (8, "loss", float.NaN)],
            events.Skip(1).SelectMany(found => found.Summary.Value.Select(value => (found.Step, value.Tag, value.SimpleValue))));
        double now = (DateTime.UtcNow - DateTime.UnixEpoch).TotalSeconds;
        Assert.All(events, found => Assert.InRange(found.WallTime, now - 100, now + 1));
    }

    [Fact]
    public void A_second_run_writes_beside_the_first()
    {
        using TemporaryFolder folder = new();
        for (int step = 1; step <= 3; step++)
        {
            using TensorBoardLog log = new(folder.Path);
            log.Write(step, new Dictionary<string, double> { ["loss"] = step });
        }

        Assert.Equal([1, 2, 3], Directory.GetFiles(folder.Path).SelectMany(Read).Where(found => found.Summary is not null).Select(found => (int)found.Step).Order());
    }

    [Fact]
    public void The_checksum_is_the_published_one()
    {
        // RFC 3720, B.4: CRC-32C of 32 zeros is 8A9136AA; TFRecord rotates it right by 15 bits and adds A282EAD8.
        Assert.Equal(BitOperations.RotateRight(0x8A9136AAu, 15) + 0xA282EAD8, Checksum(new byte[32]));
    }

    /// <summary>Records of length, its checksum, data, its checksum (TFRecord); the checksums are CRC-32C, rotated and shifted.</summary>
    private static List<Event> Read(string path)
    {
        byte[] bytes = File.ReadAllBytes(path);
        List<Event> events = [];
        for (int at = 0; at < bytes.Length;)
        {
            int length = checked((int)BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(at)));
            AssertChecksum(bytes, at, 8);
            AssertChecksum(bytes, at + 12, length);
            events.Add(Event.Parser.ParseFrom(bytes, at + 12, length));
            at += 12 + length + 4;
        }

        return events;
    }

    private static void AssertChecksum(byte[] bytes, int from, int length) =>
        Assert.Equal(Checksum(bytes.AsSpan(from, length)), BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(from + length)));

    // Bit by bit, by the definition.
    private static uint Checksum(ReadOnlySpan<byte> bytes)
    {
        uint sum = uint.MaxValue;
        foreach (byte value in bytes)
        {
            sum ^= value;
            for (int bit = 0; bit < 8; bit++)
                sum = (sum >> 1) ^ ((sum & 1) * 0x82F63B78);
        }

        return BitOperations.RotateRight(~sum, 15) + 0xA282EAD8;
    }
}
