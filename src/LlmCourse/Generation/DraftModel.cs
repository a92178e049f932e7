using LlmCourse.Transformers;

namespace LlmCourse.Generation;

/// <summary>A model that proposes tokens to a larger one: see <see cref="AssistedOptions.Draft"/>. It owns nothing: keep the model until the request is done.</summary>
public sealed class DraftModel
{
    internal DraftModel(TransformerModel model, ForwardContext view)
    {
        Model = model;
        View = view;
    }

    internal TransformerModel Model { get; }

    internal ForwardContext View { get; }
}
