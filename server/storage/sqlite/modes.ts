/** Of what this project creates in the file system: the user's who runs the node, and nobody else's. */
export const DIRECTORY_MODE = 0o700
export const FILE_MODE = 0o600
