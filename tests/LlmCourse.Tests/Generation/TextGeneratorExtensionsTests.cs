using LlmCourse.Generation;

namespace LlmCourse.Tests.Generation;

public sealed class TextGeneratorExtensionsTests
{
    [Fact]
    public async Task One_prompt_is_a_batch_of_one()
    {
        GenerationOptions options = new() { MaxNewTokens = 3 };
        Completion completion = await new Echo(options).GenerateAsync("hello", options);
        Assert.Equal("hello!", completion.ToString());
    }

    private sealed class Echo(GenerationOptions expected) : ITextGenerator
    {
        public Task<IReadOnlyList<Completion>> GenerateAsync(
            IReadOnlyList<string> prompts, GenerationOptions? options = null, CancellationToken cancellationToken = default)
        {
            Assert.Same(expected, options);
            return Task.FromResult<IReadOnlyList<Completion>>(
                [.. prompts.Select(prompt => new Completion { Text = prompt + "!", Tokens = [], FinishReason = FinishReason.EndOfSequence, PromptTokens = 1 })]);
        }
    }
}
