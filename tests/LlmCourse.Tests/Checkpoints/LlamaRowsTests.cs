using LlmCourse.Checkpoints;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Tests.Checkpoints;

/// <summary>Rows are reordered as they are read, in the memory of the host: nothing here is on the test device.</summary>
public sealed class LlamaRowsTests
{
    [Fact]
    public void Pairs_of_rows_become_halves_of_each_head()
    {
        // Two heads of four rows. GGUF pairs rows (0,1) and (2,3) of a head; Hugging Face pairs (0,2) and (1,3).
        using Tensor gguf = tensor(new float[] { 0, 1, 2, 3, 10, 11, 12, 13 });
        using Tensor weight = gguf.unsqueeze(1).expand(8, 2).contiguous();
        using Tensor bias = LlamaRows.ToHuggingFace(gguf, 2);
        using Tensor rows = LlamaRows.ToHuggingFace(weight, 2);
        using Tensor back = LlamaRows.ToGguf(rows, 2);
        Assert.Equal([0f, 2f, 1f, 3f, 10f, 12f, 11f, 13f], bias.data<float>().ToArray());
        Assert.Equal([0f, 0f, 2f, 2f, 1f, 1f, 3f, 3f, 10f, 10f, 12f, 12f, 11f, 11f, 13f, 13f], rows.data<float>().ToArray());
        Assert.Equal(weight.data<float>().ToArray(), back.data<float>().ToArray());
    }

    [Fact]
    public void The_result_is_a_tensor_of_its_own_even_where_nothing_moves()
    {
        using Tensor gguf = tensor(new float[] { 1, 2 });
        using Tensor rows = LlamaRows.ToHuggingFace(gguf, 1);
        rows.fill_(7);
        Assert.Equal([1f, 2f], gguf.data<float>().ToArray());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(4)]
    public void Heads_must_fit(int heads)
    {
        using Tensor weight = zeros(4, 2);
        Assert.ThrowsAny<ArgumentException>(() => LlamaRows.ToGguf(weight, heads));
    }
}
