"""Types that each kernel is called with; written by ``python bench/record_kernels.py``, do not edit."""

SIGNATURES = {
    "cryoqa_plugin.core.anisotropic._tensor_kernel": (
        "complex64[:,:,::1], int64, int64, float64[::1], float64[::1], float64[::1], float64[::1], float64[::1], float64[::1], "
        "complex64[:,:,::1]",
    ),
    "cryoqa_plugin.core.atom_grid._gaussian_kernel": (
        "float64[:,::1], float64[::1], float64[::1], float64, float64, float32[:,:,::1]",
    ),
    "cryoqa_plugin.core.atom_grid._spread_kernel": (
        "float64[:,::1], float64[::1], float64[:,:,::1]",
    ),
    "cryoqa_plugin.core.blocks._curves_kernel": (
        "float32[:,:,:,::1], int64[::1], float32[::1], float32[:,:,::1], int64[::1], int64[:,::1], float32[:,::1], float32[:,::1], "
        "int64[::1], float32[:,::1]",
    ),
    "cryoqa_plugin.core.blocks._planes_kernel": (
        "complex64[:,:,::1], int64[:,::1], float32[:,:,::1]",
    ),
    "cryoqa_plugin.core.blur._across_kernel": (
        "float32[:,:,::1], int64, int64, float32[::1], boolean, float32[:,:,::1]",
    ),
    "cryoqa_plugin.core.blur._along_kernel": (
        "float32[:,:,::1], int64, int64, float32[::1], float32[:,:,::1]",
    ),
    "cryoqa_plugin.core.cones._cell_kernel": (
        "complex64[:,:,::1], complex64[:,:,::1], int64, int64, int64, float64[::1], int64, float64[:,:,::1]",
    ),
    "cryoqa_plugin.core.cones._cone_kernel": (
        "complex64[:,:,::1], complex64[:,:,::1], int16[:,::1], int64[::1], int64, int64, int64, float64[::1], int64, int64[::1], "
        "int64[::1], int64[::1], float64[:,::1], float64, float64[::1], float64[:,::1], float64[:,:,::1]",
    ),
    "cryoqa_plugin.core.cones._order_kernel": (
        "int64, int64, int64, int64, int64, float64[::1], float64, boolean, int64[::1], int16[:,::1]",
    ),
    "cryoqa_plugin.core.cones._volume_kernel": (
        "float64[:,::1], int64, int64, float64[::1], int64, int64[::1], int64[::1], float64[:,::1], float64, float32[:,:,::1]",
    ),
    "cryoqa_plugin.core.conformer_fit._fit_kernel": (
        "float32[:,::1], float32[:,::1], int64[::1], int64, float64[:,::1], int64[:,::1], int64[::1]",
    ),
    "cryoqa_plugin.core.conformer_fit._gather_kernel": (
        "float32[:,:,::1], float64[::1], float64[:,::1], float64[:,:,::1], float64[:,::1], float64[:,::1], int64[::1], float64, int64, "
        "int64, float32[:,::1]",
    ),
    "cryoqa_plugin.core.conformer_fit._values_kernel": (
        "float32[:,:,::1], float64[::1], float64[:,::1], float64[::1]",
    ),
    "cryoqa_plugin.core.deblur._add_kernel": (
        "float32[:,:,::1], float32[:,:,::1], float32[:,:,::1], float32[::1], int64, int64",
    ),
    "cryoqa_plugin.core.deblur._gain_kernel": (
        "complex64[:,:,::1], int64, int64, float64[::1], float32[::1], float64, complex64[:,:,::1]",
    ),
    "cryoqa_plugin.core.distance._columns_kernel": (
        "float32[:,:,:], int64, int64, float64, float64",
    ),
    "cryoqa_plugin.core.distance._rows_kernel": (
        "uint8[:,:,::1], int64, int64, float64, float32[:,:,::1]",
    ),
    "cryoqa_plugin.core.elastic_fit._map_kernel": (
        "float32[:,:,::1], float64[:,::1], float64[::1], float64[::1], float64[:,::1]",
    ),
    "cryoqa_plugin.core.elastic_fit._spring_kernel": (
        "float64[:,::1], int64[::1], int64[::1], float64[::1], float64[::1], float64[:,::1]",
    ),
    "cryoqa_plugin.core.filters._radial_kernel": (
        "complex64[:,:,::1], int64, int64, float64[::1], float64[::1], float64[::1], float64, complex64[:,:,::1]",
        "complex64[:,:,::1], int64, int64, float64[::1], float64[::1], float64[:], float64, complex64[:,:,::1]",
    ),
    "cryoqa_plugin.core.helices._refine_kernel": (
        "float32[:,:,::1], float64[::1], int64, int64, float64[:,::1], float64[:,:,::1], float64[::1], float64[::1], float64[::1], "
        "float64[::1], float64[::1], float64[::1], float64[::1], float64[::1], int64, float64[:,::1], float64[:,::1], float64[:,::1]",
    ),
    "cryoqa_plugin.core.local._band_kernel": (
        "complex64[:,:,::1], int64, int64, int64[::1], float64[::1], float64, float64, float64[::1], complex64[:,:,::1]",
    ),
    "cryoqa_plugin.core.local._corner_kernel": (
        "float32[:,:,::1], float64, int64[::1], boolean[:,:,::1]",
    ),
    "cryoqa_plugin.core.local._spread_kernel": (
        "float64[:,:,::1], float32[:,:,::1], float64, int64, int64, int64[::1], float32[:,:,::1]",
    ),
    "cryoqa_plugin.core.local_falloff._fall_off_kernel": (
        "float32[:,::1], float32[:,::1], int64, int64, float64[::1], float64[::1], float64[::1], float64[::1], float32[::1], "
        "float32[::1], float32[::1]",
    ),
    "cryoqa_plugin.core.local_fit._fit_kernel": (
        "float32[:,::1], float32[:,::1], float32[::1], int64, int64, float64[::1], float64[::1], float64[:,::1], float64[:,::1], "
        "int64[:,::1], boolean, float64[::1], float64[::1], float64[:,::1], int8[:,::1], float64[:,::1]",
    ),
    "cryoqa_plugin.core.local_gains._crop_kernel": (
        "complex64[:,:,::1], int64, int64, int64[::1], float64[::1], float64[::1], float64, float64, complex64[:,:,::1]",
    ),
    "cryoqa_plugin.core.masks._balls_kernel": (
        "uint8[:,:,::1], int64, int64, float64[:,::1], float64[::1], float64[::1]",
    ),
    "cryoqa_plugin.core.mesh._quads_kernel": (
        "float32[:,:,::1], float32, int32[:,:,::1], int32[:,::1]",
    ),
    "cryoqa_plugin.core.mesh._values_kernel": (
        "float32[:,:,::1], float64[:,::1], float32[::1]",
    ),
    "cryoqa_plugin.core.mesh._vertices_kernel": (
        "float32[:,:,::1], float32, int32[:,:,::1], float32[:,::1]",
    ),
    "cryoqa_plugin.core.model_map._group_kernel": (
        "float32[:,:,::1], float32[:,:,::1], float64, float64, float64[:,::1], int64[::1], int64[::1], float64, float64[::1], "
        "int32[:,:,::1], float64[:,::1]",
    ),
    "cryoqa_plugin.core.model_map._window_kernel": (
        "float32[:,:,::1], float32[:,:,::1], float32[:,:,::1], float64[:,::1], int64, int64, float64[::1], float64, float64, "
        "float64[:,::1]",
    ),
    "cryoqa_plugin.core.monodir._cone_kernel": (
        "complex64[:,:,::1], complex64[:,:,::1], int64, float64[::1], Array(float64, 1, 'C', True), float64, float64, float64, "
        "int64[::1], int64[::1], complex64[:,:,:,::1]",
    ),
    "cryoqa_plugin.core.monodir._summary_kernel": (
        "float32[:,::1], Array(float64, 2, 'C', True), boolean[:,::1], int64, int64, float64[:,::1], float64, float64, float64, "
        "float64[::1], float64[:,::1], float64[::1], float64[::1]",
    ),
    "cryoqa_plugin.core.monogenic._along_kernel": (
        "complex64[:,:,::1], int64[::1], int64[::1], float64[::1], int64, complex64[:,:,::1]",
    ),
    "cryoqa_plugin.core.monogenic._over_frequency": (
        "complex64[:,:,::1], int64[::1], int64[::1], float64[::1]",
    ),
    "cryoqa_plugin.core.monogenic._part_kernel": (
        "complex64[:,:,::1], int64, int64, int64[::1], int64[::1], float64[::1], int64, complex64[:,:,::1]",
    ),
    "cryoqa_plugin.core.monogenic._riesz_kernel": (
        "complex64[:,:,::1], int64, int64, int64[::1], int64[::1], float64[::1], int64, float64, float64, complex64[:,:,::1]",
    ),
    "cryoqa_plugin.core.monogenic._scale_kernel": (
        "complex64[:,:,::1], complex64[::1], complex64[::1], complex64[::1]",
    ),
    "cryoqa_plugin.core.monogenic._take_square": (
        "float32[:,:,::1], float32[:,:,::1], int64, int64, boolean, float32[:,:,::1]",
    ),
    "cryoqa_plugin.core.noise._radial_kernel": (
        "float32[:,:,::1], float32[:,:,::1], float32[:,:,::1], int64, int64, float64[::1], float64, float64[:,::1]",
    ),
    "cryoqa_plugin.core.noise._solvent_kernel": (
        "float32[:,:,::1], float32[:,:,::1], float32[:,:,::1], int64, int64, float64[::1], float64, float64, float64, float64, "
        "float64[::1]",
    ),
    "cryoqa_plugin.core.pairs._pairs_kernel": (
        "complex64[:,:,::1], complex64[:,:,::1], int64, int64, int64, float64[::1], float64[::1], float64[:,::1]",
    ),
    "cryoqa_plugin.core.phases._phase_kernel": (
        "complex64[:,:,::1], int64, int64, int64, float64[::1], float64, float64, uint64, complex64[:,:,::1]",
    ),
    "cryoqa_plugin.core.pose_bands._sums_kernel": (
        "float32[:,:,::1], boolean, float64[:,::1], float64[::1], float64[:,:,::1], int64, int64, float64[:,::1]",
    ),
    "cryoqa_plugin.core.pose_bands._values_kernel": (
        "float32[:,:,::1], boolean, float64[:,::1], float64[:,::1], int64, int64, float32[::1]",
    ),
    "cryoqa_plugin.core.pose_fit._slopes_kernel": (
        "float32[:,:,::1], float64[:,::1], float64[:,::1], int64, int64, float64[:,::1]",
    ),
    "cryoqa_plugin.core.pose_resample._resample_kernel": (
        "float32[:,:,::1], float64[:,::1], int64, int64, float32, float32[:,:,::1]",
    ),
    "cryoqa_plugin.core.pose_search._turned_kernel": (
        "float32[:,:,::1], float64[:,::1], int64[::1], float64[:,:,::1], int64, int64, complex64[:,::1]",
    ),
    "cryoqa_plugin.core.pruned._fold_cube_kernel": (
        "complex64[:,:,::1], int64, int64, float32[:,:,:,::1]",
    ),
    "cryoqa_plugin.core.pruned._fold_sections_kernel": (
        "float32[:,:,::1], int64, int64, float32[:,:,::1], float32[:,:,::1], float32[:,:,::1]",
    ),
    "cryoqa_plugin.core.pruned._fold_z_kernel": (
        "float32[:,:,::1], int64, int64, float32[:,:,::1], float32[:,:,:,::1]",
    ),
    "cryoqa_plugin.core.pruned._sections_kernel": (
        "float32[:,:,:,::1], int64, int64, float32[:,:,::1], float32[:,:,::1], int64[:,::1], float32[:,:,:,::1], float32[:,:,::1]",
    ),
    "cryoqa_plugin.core.pruned._unfold_z_kernel": (
        "float32[:,:,:,::1], int64, int64, float32[:,:,::1], float32[:,:,::1]",
    ),
    "cryoqa_plugin.core.pseudo_atoms._place_kernel": (
        "uint8[::1], int64[::1], int64[::1], int64, int64[:,::1], int64, int64, float64[:,::1]",
    ),
    "cryoqa_plugin.core.q_score._shell_kernel": (
        "float32[:,:,::1], float64[::1], float64[:,::1], int64[::1], int64[::1], int64[::1], float64[:,::1], int64[::1], float64, "
        "float64[::1], int64, int64[:,::1], float64[:,::1], float64[::1], float64[::1]",
    ),
    "cryoqa_plugin.core.raster._draw_kernel": (
        "float32[:,::1], int32[:,::1], float32[:,::1], float32[:,::1], float32[:,:,::1]",
    ),
    "cryoqa_plugin.core.register._trace_kernel": (
        "float64[:,::1], float64[::1], float64[:,::1], int64[::1], int64[:,::1], float64[:,::1], float64[:,::1], float64[::1], "
        "float64[::1]",
    ),
    "cryoqa_plugin.core.sector_sums._row_kernel": (
        "complex64[:,:,:,::1], int64, complex64[:,:,::1], complex64[:,:,::1], int64, int64, int64, float64[::1], int64, float64[:,:,::1]",
    ),
    "cryoqa_plugin.core.shells._cross_kernel": (
        "complex64[:,:,::1], complex64[:,:,::1], int64, int64, int64, float64[::1], float64[::1], float64, float64[:,::1]",
    ),
    "cryoqa_plugin.core.shells._power_kernel": (
        "complex64[:,:,::1], int64, int64, int64, float64[::1], float64[::1], float64, float64[:,::1]",
    ),
    "cryoqa_plugin.core.spectra._fine_kernel": (
        "complex64[:,:,::1], complex64[:,:,::1], int64, int64, int64, float64[::1], int64, float64[:,::1]",
    ),
    "cryoqa_plugin.core.spiral._part_kernel": (
        "complex64[:,:,::1], int64, int64, int64, float64[::1], float64, float64, int64, complex64[:,:,::1]",
    ),
    "cryoqa_plugin.core.spiral._square_kernel": (
        "float32[:,:,::1], int64, int64, boolean, float32[:,:,::1]",
    ),
    "cryoqa_plugin.core.steerable._add_square": (
        "float32[:,:,::1], float32, int64, float32[:,:,::1]",
    ),
    "cryoqa_plugin.core.steerable._sample_kernel": (
        "float32[:,:,::1], int64[:,::1], int64, int64, float64[::1], float32[::1]",
    ),
    "cryoqa_plugin.core.steerable._window_kernel": (
        "complex64[:,:,::1], int64, int64, float64[::1], float64, float64, complex64[:,:,::1]",
    ),
    "cryoqa_plugin.core.surface._added_kernel": (
        "int32[:,:,::1], boolean[::1], int64, int64",
    ),
    "cryoqa_plugin.core.surface._label_kernel": (
        "float32[:,:,::1], float32, int32[:,:,::1], int32[::1]",
    ),
    "cryoqa_plugin.core.surface._sizes_kernel": (
        "int32[:,:,::1], int32[::1], int64[::1]",
    ),
    "cryoqa_plugin.core.symmetry_copies._average_kernel": (
        "float32[:,:,::1], float32[:,:,::1], float32[:,:,::1], float32[:,:,::1], float32[:,:,::1], float32[:,:,::1], float64[:,:,::1], "
        "int64, int64, float32[:,:,::1], float32[:,:,::1]",
    ),
    "cryoqa_plugin.core.symmetry_copies._likeness_kernel": (
        "float32[:,:,::1], float32[:,:,::1], float32[:,:,::1], float32[:,:,::1], int64[:,::1], int64, int64, float64[:,::1], float64, "
        "float64[::1]",
    ),
    "cryoqa_plugin.core.tophat._resample_kernel": (
        "complex64[:,:,::1], int64, int64, int64[::1], float64[::1], float64, float64[::1], float64, float64, complex64[:,:,::1]",
    ),
    "cryoqa_plugin.core.value_tables._deposit_kernel": (
        "float32[:,:,::1], float32[:,:,::1], float32[:,:,::1], float32[:,:,::1], float32[:,:,::1], int64, int64, float64[::1], "
        "float64[::1], float32[:,::1], int64[::1], boolean, float64[:,::1]",
    ),
    "cryoqa_plugin.core.value_tables._read_kernel": (
        "float32[:,:,::1], float32[:,:,::1], float32[:,:,::1], int64, int64, float64[::1], float64[::1], float32[:,::1], int64[::1], "
        "boolean, float64[::1], float32[:,:,::1]",
    ),
    "cryoqa_plugin.methods.sharpening.locspiral._add_kernel": (
        "float32[:,:,::1], float32[:,:,::1], int64, int64, float32[:,:,::1]",
    ),
    "cryoqa_plugin.methods.sharpening.locspiral._gain_kernel": (
        "float32[:,:,::1], int64, int64, float64, int64, float32[:,:,::1], float64, float32[:,:,::1]",
    ),
}
