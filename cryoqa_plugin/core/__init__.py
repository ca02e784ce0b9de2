"""Array mathematics: ndarray in, ndarray out; voxels and cycles per voxel only; no files, no user errors."""
