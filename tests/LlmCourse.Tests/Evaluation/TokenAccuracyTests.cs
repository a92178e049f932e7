using LlmCourse.Data;
using LlmCourse.Evaluation;
using LlmCourse.Runtime;
using LlmCourse.Tests.Checkpoints;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Tests.Evaluation;

public sealed class TokenAccuracyTests
{
    [SkippableTheory]
    [MemberData(nameof(TinyFamilies.LanguageModels), MemberType = typeof(TinyFamilies))]
    public void A_label_is_right_where_it_is_the_likeliest_token(string name)
    {
        using TemporaryFolder folder = TinyLlm.Folder(name);
        using Llm llm = Llm.FromConfig(folder.Path, 7, LogLikelihoodTests.OnDevice);
        Example[] examples = TinyLlm.Examples(6);
        llm.FineTune(examples, new() { LearningRate = 1e-2, Epochs = 8, Batches = new() { Size = 6, MaxLength = 16 } }); // some right, some not
        (long right, long all) = (0, 0);
        foreach (Batch batch in llm.Batches(examples, size: 4))
        {
            using DisposeScope scope = NewDisposeScope();
            using (batch)
            using (no_grad())
            {
                bool shifted = batch.Decoder is null;
                Tensor best = llm.Model.Logits(batch).argmax(-1).cpu();
                (long correct, long tokens) = (0, 0);
                for (int r = 0; r < best.size(0); r++)
                {
                    for (int t = shifted ? 1 : 0; t < best.size(1); t++)
                    {
                        long label = batch.Labels!.cpu()[r, t].Whole();
                        if (label == Batch.Ignore)
                            continue;
                        tokens++;
                        correct += best[r, shifted ? t - 1 : t].Whole() == label ? 1 : 0;
                    }
                }

                Assert.Equal(new TokenAccuracy(correct, tokens), llm.TokenAccuracy(batch));
                (right, all) = (right + correct, all + tokens);
            }
        }

        TokenAccuracy found = llm.TokenAccuracy(examples, new BatchOptions { Size = 5 });
        Assert.Equal(12, all); // a letter and an end each
        Assert.Equal(new TokenAccuracy(right, all), found);
        Assert.InRange(found.Value, 0.01, 1);
    }

    [SkippableFact]
    public void Without_labels_there_is_nothing_to_be_right_about()
    {
        using TemporaryFolder folder = TinyLlm.Folder("llama");
        using Llm llm = Llm.FromConfig(folder.Path, 7, LogLikelihoodTests.OnDevice);
        using Batch batch = new(Sequences.FromRows([[3, 4]], device: TestDevice.Device));
        Assert.ThrowsAny<ArgumentException>(() => llm.TokenAccuracy(batch));
        Assert.Throws<DataException>(() => llm.TokenAccuracy([]));
    }
}
