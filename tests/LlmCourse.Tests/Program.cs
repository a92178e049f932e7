using LlmCourse.Tests.Fuzzing;
using LlmCourse.Tests.Training;

return args is ["train", string folder] ? TrainingProcess.Run(folder) : FuzzProcess.Run(args);
