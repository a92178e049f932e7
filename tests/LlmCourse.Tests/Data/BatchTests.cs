using LlmCourse.Data;
using TorchSharp;

namespace LlmCourse.Tests.Data;

public sealed class BatchTests
{
    [SkippableFact]
    public void A_decoder_reads_the_answer_shifted_behind_its_start()
    {
        using Batch batch = Batch.ForEncoderDecoder([[1, 2], [3]], [[4, 5, 6], [7]], decoderStartId: 9, padId: 0, device: TestDevice.Device);
        Assert.Equal([9, 4, 5], batch.Decoder!.Row(0));
        Assert.Equal([9], batch.Decoder.Row(1));
        Assert.Equal([4, 5, 6, 7, -100, -100], batch.Labels!.cpu().data<long>().ToArray());
        Assert.Equal([1, 2], batch.Input.Row(0));
    }

    [SkippableFact]
    public void Prompts_and_padding_are_no_labels()
    {
        using Batch batch = Batch.ForDecoder([[1, 2, 3], [4, 5]], promptLengths: [2, 0], device: TestDevice.Device);
        Assert.Equal([-100, -100, 3, 4, 5, -100], batch.Labels!.cpu().data<long>().ToArray());
        Assert.Null(batch.Decoder);
        using Batch onlyPrompt = Batch.ForDecoder([[1, 2]], promptLengths: [7], device: TestDevice.Device);
        Assert.Equal([-100, -100], onlyPrompt.Labels!.cpu().data<long>().ToArray());
    }

    [SkippableFact]
    public void What_does_not_fit_together_is_refused()
    {
        Assert.Equal("answers", Assert.Throws<ArgumentException>(() => Batch.ForEncoderDecoder([[1]], [[2], [3]], 0, 0)).ParamName);
        Assert.Equal("answers", Assert.Throws<ArgumentException>(() => Batch.ForEncoderDecoder([[1]], [[]], 0, 0)).ParamName);
        Assert.Equal("promptLengths", Assert.Throws<ArgumentException>(() => Batch.ForDecoder([[1], [2]], [1])).ParamName);
        Assert.Equal("promptLengths", Assert.Throws<ArgumentException>(() => Batch.ForDecoder([[1]], [-1])).ParamName);
        Assert.Equal("rows", Assert.Throws<ArgumentException>(() => Batch.ForDecoder([])).ParamName);
        using Sequences one = Sequences.FromRows([[1]], device: TestDevice.Device), two = Sequences.FromRows([[1], [2]], device: TestDevice.Device);
        Assert.Equal("decoder", Assert.Throws<ArgumentException>(() => new Batch(one, two)).ParamName);
    }
}
