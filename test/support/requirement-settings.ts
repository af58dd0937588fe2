/** Settings of the lists of packages, all at their defaults. */
export const SETTINGS = {
  priority: [],
  priorityOptional: [],
  post: [],
  postOptional: [],
  forceRepository: false,
  forceOriginal: false,
  untouched: false,
  forceTaskInit: false,
  folders: [],
};
