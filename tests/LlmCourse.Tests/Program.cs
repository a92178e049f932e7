using LlmCourse.Tests.Fuzzing;
using LlmCourse.Tests.Training;

return args is ["train", string folder, ..] ? TrainingProcess.Run(folder, args[2..] is ["in-backward"]) : FuzzProcess.Run(args);
