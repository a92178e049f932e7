using static TorchSharp.torch;

namespace LlmCourse.Transformers;

/// <summary>What adapters are to the model: something that may change what modules compute, for each row of a batch.</summary>
internal interface IAdapter
{
    /// <summary>Whether <see cref="Apply"/> may change anything at this site.</summary>
    public bool ActsOn(AdapterSite site);

    /// <summary>
    /// The output of a module with the adapter's change: a fresh tensor, or <paramref name="output"/> itself where nothing
    /// changes. Rows that have no adapter at this site keep their bits.
    /// </summary>
    /// <param name="module">Where.</param>
    /// <param name="input">Its input, [B, .., input].</param>
    /// <param name="output">Its plain output if that is known already, or null to have it computed where it is needed.</param>
    public Tensor Apply(SiteModule module, Tensor input, Tensor? output);

    /// <summary>The adapter of a batch whose row i is what row rows[i] was.</summary>
    public IAdapter Select(int[] rows);
}
