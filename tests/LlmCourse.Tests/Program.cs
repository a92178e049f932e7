using LlmCourse.Tests.Checkpoints.Hub;
using LlmCourse.Tests.Fuzzing;
using LlmCourse.Tests.Training;

return args switch
{
    ["train", string folder, .. string[] mode] => TrainingProcess.Run(folder, mode is ["in-backward"]),
    ["hub", string endpoint, string cache, string model] => await HubProcess.RunAsync(endpoint, cache, model),
    _ => FuzzProcess.Run(args),
};
