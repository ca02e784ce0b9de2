"""Written by ``python -m cryoqa_plugin.stubs``; do not edit."""
from typing import Any, Optional, Sequence, Union

from .answer import Answer
from .progress import Progress
from .registry import Capability
from .results import Result
from .study import Study
from .methods.map_info.map_info import MapInfoResult
from .methods.masks.mask import MaskResult
from .methods.resolution.fsc import FscResult
from .methods.resolution.mtriage import MtriageResult
from .methods.resolution.half_map_statistics import HalfMapStatisticsResult
from .methods.resolution.directional_fsc import DirectionalFscResult
from .methods.sharpening.local_filter import LocalFilterResult
from .methods.local_resolution.local_fsc import LocalFscResult
from .methods.local_resolution.blocres import BlocresResult
from .methods.local_resolution.relion_locres import RelionLocresResult
from .methods.local_resolution.phenix_locres import PhenixLocresResult
from .methods.local_resolution.monores import MonoresResult
from .methods.local_resolution.monodir import MonodirResult
from .methods.local_resolution.resmap import ResmapResult
from .methods.sharpening.compare_maps import CompareMapsResult
from .methods.sharpening.shell_sharpen import ShellSharpenResult
from .methods.sharpening.auto_sharpen import AutoSharpenResult
from .methods.sharpening.local_sharpen import LocalSharpenResult
from .methods.sharpening.locscale import LocscaleResult
from .methods.sharpening.guinier import GuinierResult
from .methods.sharpening.postprocess import PostprocessResult
from .methods.sharpening.denoise import DenoiseResult
from .methods.sharpening.density_modify import DensityModifyResult
from .methods.sharpening.noise2noise import Noise2noiseResult
from .methods.sharpening.optimal_map import OptimalMapResult
from .methods.sharpening.localdeblur import LocaldeblurResult
from .methods.map_info.contour import ContourResult
from .methods.map_info.hand import HandResult
from .methods.map_info.confidence import ConfidenceResult
from .methods.map_info.audit import AuditResult
from .methods.local_resolution.map_resolution import MapResolutionResult
from .methods.sharpening.locspiral import LocspiralResult
from .methods.local_amplitude.locbfactor import LocbfactorResult
from .methods.local_amplitude.lococcupancy import LococcupancyResult
from .methods.model.model_fit import ModelFitResult
from .methods.model.q_score import QScoreResult
from .methods.model.model_overfitting import ModelOverfittingResult
from .methods.model.emringer import EmringerResult
from .methods.model.model_geometry import ModelGeometryResult
from .methods.model.fsc_q import FscQResult
from .methods.model.smoc import SmocResult
from .methods.model.side_chain_check import SideChainCheckResult
from .methods.model.model_stability import ModelStabilityResult
from .methods.model.model_report import ModelReportResult
from .methods.maps.map_box import MapBoxResult
from .methods.maps.map_align import MapAlignResult
from .methods.maps.combine_maps import CombineMapsResult
from .methods.depositing.deposit import DepositResult
from .methods.maps.map_symmetry import MapSymmetryResult
from .methods.importing.import_job import ImportJobResult

Numbers = Union[float, Sequence[float]]

def open(*, job: Optional[str] = ..., voxel_size: Optional[Numbers] = ..., origin: Sequence[float] = ..., budget: Optional[float] = ...,
         **given: Any) -> OpenStudy: ...
def run(capability: str, outdir: Optional[str] = ..., *, voxel_size: Optional[Numbers] = ..., origin: Sequence[float] = ...,
        threads: int = ..., progress: Progress = ..., **inputs_and_parameters: Any) -> Answer: ...
def load(folder: str) -> Result: ...
def method_name(row: Capability) -> str: ...

class OpenStudy(Study):
    def run(self, capability: str, *, threads: int = ..., progress: Progress = ..., **parameters: Any) -> Result: ...
    def map_info(self, *, threshold: Optional[float] = ..., bins: int = ..., threads: int = ...,
                 progress: Progress = ...) -> MapInfoResult: ...
    def make_mask(self, *, method: Optional[str] = ..., lowpass: Optional[float] = ..., threshold: Optional[float] = ...,
                  resolution: float = ..., fraction: float = ..., radius: Optional[float] = ..., centre: Optional[str] = ...,
                  combine: str = ..., extend: Optional[float] = ..., soft_edge: Optional[float] = ..., edge_unit: str = ...,
                  drop_below: Optional[float] = ..., fill: bool = ..., invert: bool = ..., threads: int = ...,
                  progress: Progress = ...) -> MaskResult: ...
    def fsc(self, *, rules: str = ..., threshold: float = ..., confidence: float = ..., randomise_from: Optional[float] = ...,
            seed: int = ..., repeats: int = ..., sharpen: bool = ..., bfactor: Optional[float] = ..., fit_from: float = ...,
            fit_to: float = ..., low_pass: float = ..., fsc_weighting: bool = ..., mtf_voxel_size: Optional[float] = ...,
            reported: Optional[float] = ..., relion_counting: bool = ..., threads: int = ..., progress: Progress = ...) -> FscResult: ...
    def mtriage(self, *, masking: str = ..., mask_from: str = ..., resolution: Optional[float] = ...,
                radius_smooth: Optional[float] = ..., radius_smooth_ratio: float = ..., low_resolution: Optional[float] = ...,
                high_resolution: Optional[float] = ..., scattering_table: str = ..., phenix_d99: bool = ..., threads: int = ...,
                progress: Progress = ...) -> MtriageResult: ...
    def half_map_statistics(self, *, rate: float = ..., procedure: str = ..., asymmetric_units: Optional[int] = ...,
                            confidence: float = ..., fit_from: float = ..., local_map: bool = ..., local_radius: Optional[float] = ...,
                            threads: int = ..., progress: Progress = ...) -> HalfMapStatisticsResult: ...
    def directional_fsc(self, *, cone: float = ..., threshold: float = ..., volume: bool = ..., volume_cone: float = ...,
                        sphericity_threshold: float = ..., soft_cone: bool = ..., confidence: float = ..., rules: str = ...,
                        threads: int = ..., progress: Progress = ...) -> DirectionalFscResult: ...
    def local_filter(self, *, outside: str = ..., bfactor: float = ..., smooth: Optional[float] = ..., edge: float = ...,
                     threads: int = ..., progress: Progress = ...) -> LocalFilterResult: ...
    def local_fsc(self, *, threshold: float = ..., window: Optional[float] = ..., lowest_resolution: Optional[float] = ...,
                  threads: int = ..., progress: Progress = ...) -> LocalFscResult: ...
    def blocres(self, *, threshold: float = ..., box: int = ..., step: Optional[int] = ..., taper: str = ..., pad: int = ...,
                highest_resolution: Optional[float] = ..., whiten: bool = ..., rules: str = ..., threads: int = ...,
                progress: Progress = ...) -> BlocresResult: ...
    def relion_locres(self, *, sampling: float = ..., radius: Optional[float] = ..., edge: Optional[float] = ..., threshold: float = ...,
                      coarsest: float = ..., randomise_from: float = ..., seed: int = ..., shells: str = ..., interpolate: bool = ...,
                      everywhere: bool = ..., bfactor: float = ..., mtf_voxel_size: Optional[float] = ..., threads: int = ...,
                      progress: Progress = ...) -> RelionLocresResult: ...
    def phenix_locres(self, *, resolution: Optional[float] = ..., threshold: float = ..., bins: int = ...,
                      highest_resolution: Optional[float] = ..., radius: Optional[float] = ..., smooth: Optional[float] = ...,
                      rules: str = ..., threads: int = ..., progress: Progress = ...) -> PhenixLocresResult: ...
    def monores(self, *, rules: str = ..., resolution: Optional[float] = ..., start: Optional[float] = ...,
                significance: Optional[float] = ..., window: Optional[float] = ..., levels: int = ..., step: float = ...,
                noise_inside: bool = ..., gaussian_noise: bool = ..., threads: int = ..., progress: Progress = ...) -> MonoresResult: ...
    def monodir(self, *, directions: str = ..., cone: float = ..., threshold: float = ..., window: Optional[float] = ...,
                resolution: Optional[float] = ..., outliers: float = ..., threads: int = ...,
                progress: Progress = ...) -> MonodirResult: ...
    def resmap(self, *, rules: str = ..., finest: Optional[float] = ..., coarsest: Optional[float] = ..., step: Optional[float] = ...,
               significance: float = ..., least_signal: float = ..., window: float = ..., threads: int = ...,
               progress: Progress = ...) -> ResmapResult: ...
    def compare_maps(self, *, resolution: Optional[float] = ..., window: Optional[float] = ..., region_weight: float = ...,
                     pair: bool = ..., volume: float = ..., threads: int = ..., progress: Progress = ...) -> CompareMapsResult: ...
    def shell_sharpen(self, *, target: str = ..., anisotropic: str = ..., resolution: Optional[float] = ..., spectrum: str = ...,
                      weights: str = ..., noise: str = ..., bfactor_ratio: float = ..., bfactor: Optional[float] = ...,
                      n_bins: Optional[int] = ..., d_min_ratio: float = ..., k_sol: float = ..., b_sol: float = ..., cc_cut: float = ...,
                      last_bins: int = ..., max_cc_for_rescale: float = ..., rmsd: Optional[float] = ..., rmsd_ratio: float = ...,
                      fraction_complete: Optional[float] = ..., atom_radius: float = ..., scale: str = ..., threads: int = ...,
                      progress: Progress = ...) -> ShellSharpenResult: ...
    def auto_sharpen(self, *, method: Optional[str] = ..., resolution: Optional[float] = ..., bfactor: Optional[float] = ...,
                     b_iso: Optional[float] = ..., target_b_ratio: Optional[float] = ..., target: str = ...,
                     remove_anisotropy: Optional[str] = ..., local: bool = ..., local_window: Optional[float] = ...,
                     local_smoothing: Optional[float] = ..., d_cut: Optional[float] = ..., k_sharpen: float = ...,
                     b_blur_hires: Optional[float] = ..., d_min_ratio: float = ..., search_b_min: float = ...,
                     search_b_max: Optional[float] = ..., search_b_n: int = ..., optimise_d_cut: bool = ...,
                     optimise_b_blur_hires: bool = ..., signal_min: float = ..., require_improvement: bool = ...,
                     resolution_dependent_b: Optional[str] = ..., normalise_amplitudes: bool = ..., region_weight: Optional[float] = ...,
                     region_weight_method: str = ..., region_weight_factor: float = ..., region_weight_buffer: float = ...,
                     fraction_occupied: float = ..., surface_part: float = ..., max_regions: int = ..., score_region: str = ...,
                     density_threshold: float = ..., box_edge: int = ..., box_centre: Optional[str] = ..., weak_density: bool = ...,
                     max_box_fraction: float = ..., soft_mask: bool = ..., solvent_fraction: Optional[float] = ...,
                     molecular_mass: Optional[float] = ..., copies: int = ..., rmsd: Optional[float] = ...,
                     fraction_complete: Optional[float] = ..., atom_radius: float = ..., model_b_zero: bool = ...,
                     output_sd: Optional[float] = ..., threads: int = ..., progress: Progress = ...) -> AutoSharpenResult: ...
    def local_sharpen(self, *, target: str = ..., resolution: Optional[float] = ..., window: Optional[float] = ...,
                      bfactor_left: Optional[float] = ..., anisotropy: bool = ..., bands: int = ..., threads: int = ...,
                      progress: Progress = ...) -> LocalSharpenResult: ...
    def locscale(self, *, reference: Optional[str] = ..., window: float = ..., weighting: str = ..., target_b: Optional[float] = ...,
                 profile: str = ..., resolution: Optional[float] = ..., audit: bool = ..., seed: int = ..., threads: int = ...,
                 progress: Progress = ...) -> LocscaleResult: ...
    def guinier(self, *, rules: str = ..., fit_from: Optional[float] = ..., fit_to: Optional[float] = ..., weighting: str = ...,
                write: str = ..., bfactor: Optional[float] = ..., threads: int = ..., progress: Progress = ...) -> GuinierResult: ...
    def postprocess(self, *, rules: str = ..., bfactor: Optional[float] = ..., bfactor_left: Optional[float] = ...,
                    low_pass: Optional[float] = ..., local: str = ..., mtf_voxel_size: Optional[float] = ..., weighting: str = ...,
                    mass: Optional[float] = ..., fit_from: float = ..., fit_to: Optional[float] = ...,
                    randomise_from: Optional[float] = ..., force_mask: bool = ..., seed: int = ..., write_masked: bool = ...,
                    threads: int = ..., progress: Progress = ...) -> PostprocessResult: ...
    def denoise(self, *, method: str = ..., amplitudes: str = ..., write_halves: bool = ..., audit: bool = ...,
                resolution: Optional[float] = ..., window: Optional[float] = ..., threads: int = ...,
                progress: Progress = ...) -> DenoiseResult: ...
    def density_modify(self, *, amplitudes: str = ..., write_halves: bool = ..., compare: bool = ..., audit: bool = ...,
                       resolution: Optional[float] = ..., dm_resolution: Optional[float] = ..., solvent_fraction: Optional[float] = ...,
                       molecular_mass: Optional[float] = ..., copies: int = ..., threads: int = ...,
                       progress: Progress = ...) -> DensityModifyResult: ...
    def noise2noise(self, *, steps: int = ..., seed: int = ..., write_halves: bool = ..., checkpoint: Optional[str] = ...,
                    resolution: Optional[float] = ..., rate: float = ..., box: int = ..., positions: int = ..., device: str = ...,
                    threads: int = ..., progress: Progress = ...) -> Noise2noiseResult: ...
    def optimal_map(self, *, rules: str = ..., amplitudes: str = ..., local_bfactor: float = ..., bfactor: float = ...,
                    half1_only: bool = ..., peak_height: float = ..., model_b_zero: bool = ..., threads: int = ...,
                    progress: Progress = ...) -> OptimalMapResult: ...
    def localdeblur(self, *, strength: float = ..., rounds: int = ..., max_steps: int = ..., step_size: Optional[float] = ...,
                    threads: int = ..., progress: Progress = ...) -> LocaldeblurResult: ...
    def contour(self, *, contour: Optional[float] = ..., molecular_mass: Optional[float] = ..., dilate: float = ...,
                soft_edge: Optional[float] = ..., sigmas: float = ..., margin: Optional[float] = ..., lowpass: float = ...,
                threads: int = ..., progress: Progress = ...) -> ContourResult: ...
    def hand(self, *, resolution: Optional[float] = ..., error_allowed: float = ..., write_mirrored: bool = ..., threads: int = ...,
             progress: Progress = ...) -> HandResult: ...
    def confidence(self, *, noise: str = ..., weighting: str = ..., procedure: str = ..., side: str = ..., distribution: str = ...,
                   window: float = ..., box: Optional[int] = ..., threads: int = ..., progress: Progress = ...) -> ConfidenceResult: ...
    def audit(self, *, peak_height: float = ..., threads: int = ..., progress: Progress = ...) -> AuditResult: ...
    def map_resolution(self, *, resolution: Optional[float] = ..., noise: str = ..., window: Optional[float] = ..., threads: int = ...,
                       progress: Progress = ...) -> MapResolutionResult: ...
    def locspiral(self, *, rules: str = ..., resolution: Optional[float] = ..., lowest: Optional[float] = ..., keep_to: float = ...,
                  noise_quantile: float = ..., bandwidth: float = ..., spiral: str = ..., spacing: Optional[float] = ...,
                  cut_negative: bool = ..., threads: int = ..., progress: Progress = ...) -> LocspiralResult: ...
    def locbfactor(self, *, rules: str = ..., resolution: Optional[float] = ..., lowest: Optional[float] = ...,
                   bands: Optional[int] = ..., window: Optional[float] = ..., noise_quantile: float = ..., width: float = ...,
                   only_above_noise: bool = ..., threads: int = ..., progress: Progress = ...) -> LocbfactorResult: ...
    def lococcupancy(self, *, rules: str = ..., resolution: Optional[float] = ..., lowest: Optional[float] = ..., bands: int = ...,
                     window: Optional[float] = ..., threshold: float = ..., width: float = ..., threads: int = ...,
                     progress: Progress = ...) -> LococcupancyResult: ...
    def model_fit(self, *, resolution: Optional[float] = ..., contour: Optional[float] = ..., atom_radius: Optional[float] = ...,
                  scattering_table: str = ..., threads: int = ..., progress: Progress = ...) -> ModelFitResult: ...
    def q_score(self, *, resolution: Optional[float] = ..., sigma: float = ..., threads: int = ...,
                progress: Progress = ...) -> QScoreResult: ...
    def model_overfitting(self, *, work_half: str = ..., threads: int = ..., progress: Progress = ...) -> ModelOverfittingResult: ...
    def emringer(self, *, resolution: Optional[float] = ..., threads: int = ..., progress: Progress = ...) -> EmringerResult: ...
    def model_geometry(self, *, overlap: float = ..., threads: int = ..., progress: Progress = ...) -> ModelGeometryResult: ...
    def fsc_q(self, *, box: Optional[int] = ..., step: Optional[int] = ..., threads: int = ...,
              progress: Progress = ...) -> FscQResult: ...
    def smoc(self, *, resolution: Optional[float] = ..., window: int = ..., threads: int = ...,
             progress: Progress = ...) -> SmocResult: ...
    def side_chain_check(self, *, resolution: Optional[float] = ..., threads: int = ...,
                         progress: Progress = ...) -> SideChainCheckResult: ...
    def model_stability(self, *, shake: float = ..., threads: int = ..., progress: Progress = ...) -> ModelStabilityResult: ...
    def model_report(self, *, scores: bool = ..., least_volume: float = ..., threads: int = ...,
                     progress: Progress = ...) -> ModelReportResult: ...
    def map_box(self, *, around: Optional[str] = ..., margin: float = ..., lower: Optional[str] = ..., upper: Optional[str] = ...,
                centre: Optional[str] = ..., size: Optional[str] = ..., threshold: Optional[float] = ..., cubic: bool = ...,
                inside: bool = ..., fft_sizes: str = ..., resample_to: Optional[float] = ..., calibrated: Optional[float] = ...,
                flip: bool = ..., invert: bool = ..., dust: Optional[float] = ..., fade: str = ..., soft_edge: float = ...,
                place: str = ..., threads: int = ..., progress: Progress = ...) -> MapBoxResult: ...
    def map_align(self, *, mirror: bool = ..., placement: int = ..., resolution: Optional[float] = ..., threads: int = ...,
                  progress: Progress = ...) -> MapAlignResult: ...
    def combine_maps(self, *, weights_by: str = ..., consensus: bool = ..., align: bool = ..., resolution: Optional[float] = ...,
                     window: Optional[float] = ..., smoothing: Optional[float] = ..., threads: int = ...,
                     progress: Progress = ...) -> CombineMapsResult: ...
    def deposit(self, *, pixel_size: Optional[float] = ..., resolution: Optional[float] = ..., contour: Optional[float] = ...,
                bring_back: bool = ..., composite: bool = ..., threads: int = ..., progress: Progress = ...) -> DepositResult: ...
    def map_symmetry(self, *, resolution: Optional[float] = ..., write_maps: bool = ..., compare_copies: bool = ..., threads: int = ...,
                     progress: Progress = ...) -> MapSymmetryResult: ...
    def import_job(self, *, body: int = ..., threads: int = ..., progress: Progress = ...) -> ImportJobResult: ...
