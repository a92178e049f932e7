using LlmCourse.Adapters;
using LlmCourse.Data;
using LlmCourse.Transformers;
using TorchSharp;

namespace LlmCourse.Tests.Transformers;

/// <summary>A forward pass that fails half-way leaves no tensor behind.</summary>
[Collection(ProcessWide.Name)]
public sealed class LiveTensorsTests
{
    [SkippableTheory]
    [MemberData(nameof(TinyFamilies.All), MemberType = typeof(TinyFamilies))]
    public void A_failing_pass_leaves_no_tensor(string name)
    {
        using TransformerModel model = TinyFamilies.Model(name);
        using Batch batch = TinyFamilies.Batch(model, TinyFamilies.Rows(1, 5, 3));
        string[] sites = [.. model.Sites.Select(site => site.Name)];
        using PromptTuning prompt = PromptTuning.Create(new() { VirtualTokens = 2 }, model);
        using PrefixTuning prefix = PrefixTuning.Create(new() { VirtualTokens = 3 }, model);
        model.Logits(batch, new ForwardContext { Virtual = new(prompt) }).Dispose(); // makes the tables of positions
        ProcessWide.LeavesNoTensors(sites.Length, i =>
        {
            ForwardContext context = new()
            {
                CaptureHiddenStates = true,
                CaptureAttentions = true,
                Virtual = i % 2 == 0 ? new(prompt) : new([prefix, prompt]),
                Adapter = new FailsAt(sites[Math.Max(i, 0)]),
            };
            Assert.Throws<InvalidDataException>(() => model.Logits(batch, context));
        });
    }

    [SkippableFact]
    public void What_is_derived_from_weights_is_renewed_without_a_trace()
    {
        TransformerConfig config = Tiny.Decoder(stack => stack with { Norm = new NormConfig { Kind = NormKind.Rms, UnitOffset = true, Final = true } });
        using Batch batch = Batch.ForDecoder([[3, 4, 5]], device: TestDevice.Device);
        using TransformerModel model = Tiny.Model(config);
        using var noGrad = torch.no_grad();
        ProcessWide.LeavesNoTensors(5, _ =>
        {
            foreach ((string _, var parameter) in model.NamedParameters)
                parameter.mul_(1.01);
            model.Logits(batch).Dispose();
        });
    }

    private sealed class FailsAt(string name) : IAdapter
    {
        public torch.Tensor Apply(SiteModule module, torch.Tensor input, torch.Tensor? output) => throw new InvalidDataException(name);

        public bool ActsOn(AdapterSite site) => site.Name == name;

        public IAdapter Select(int[] rows) => this;
    }
}
