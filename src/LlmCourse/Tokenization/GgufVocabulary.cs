using LlmCourse.Runtime;

namespace LlmCourse.Tokenization;

/// <summary>Reads the vocabulary inside a GGUF file.</summary>
internal static partial class GgufVocabulary
{
    public static TokenizerParts Read(IReadOnlyDictionary<string, object> metadata) => throw new TokenizerException("GGUF");
}
