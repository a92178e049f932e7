using LlmCourse.Checkpoints;

namespace LlmCourse.Tests.Checkpoints;

public sealed class JsonFileTests
{
    [Fact]
    public void A_byte_order_mark_is_let_pass()
    {
        using TemporaryFolder folder = new();
        Assert.Equal(1, JsonFile.Read(folder.Write("x.json", [0xEF, 0xBB, 0xBF, .. "{\"a\":1}"u8])).GetProperty("a").GetInt32());
    }

    [Fact]
    public void What_is_no_text_or_no_json_is_refused_by_name()
    {
        using TemporaryFolder folder = new();
        Refused([.. "{\"a\":\""u8, 0xFF, .. "\"}"u8], "not UTF-8");
        Refused("{\"a\":"u8, "not JSON");
        Refused([], "not JSON");
        Refused([.. Enumerable.Repeat((byte)'[', 100_000)], "not JSON");

        void Refused(ReadOnlySpan<byte> content, string why)
        {
            string path = folder.Write("x.json", content);
            CheckpointException error = Assert.Throws<CheckpointException>(() => JsonFile.Read(path));
            Assert.Contains(path, error.Message, StringComparison.Ordinal);
            Assert.Contains(why, error.Message, StringComparison.Ordinal);
        }
    }
}
