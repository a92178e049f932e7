using System.Text.Json;
using LlmCourse.Data;
using LlmCourse.Transformers;

namespace LlmCourse.Tests.Training;

/// <summary>The same batches every epoch.</summary>
internal sealed class TinyBatches(TransformerModel model, int[][][] batches) : IBatchSource<Batch>
{
    private int _at;

    public Batch? Read(CancellationToken cancellationToken)
    {
        int at = _at++ % (batches.Length + 1);
        return at == batches.Length ? null : TinyFamilies.Batch(model, batches[at]);
    }

    public int? CountBatches(int epoch) => batches.Length;

    public JsonElement Save() => JsonSerializer.SerializeToElement(_at);

    public void Restore(JsonElement state) => _at = state.GetInt32();

    public void Dispose()
    {
    }
}
