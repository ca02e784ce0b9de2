"""The protocols that Scipion finds."""
from .protocol_auto_sharpen import CryoqaProtAutoSharpen
from .protocol_blocres import CryoqaProtBlocres
from .protocol_compare_maps import CryoqaProtCompareMaps
from .protocol_contour import CryoqaProtContour
from .protocol_directional_fsc import CryoqaProtDirectionalFsc
from .protocol_fsc import CryoqaProtFsc
from .protocol_guinier import CryoqaProtGuinier
from .protocol_half_map_statistics import CryoqaProtHalfMapStatistics
from .protocol_hand import CryoqaProtHand
from .protocol_import_job import CryoqaProtImportJob
from .protocol_local_filter import CryoqaProtLocalFilter
from .protocol_local_fsc import CryoqaProtLocalFsc
from .protocol_local_sharpen import CryoqaProtLocalSharpen
from .protocol_localdeblur import CryoqaProtLocaldeblur
from .protocol_locbfactor import CryoqaProtLocbfactor
from .protocol_lococcupancy import CryoqaProtLococcupancy
from .protocol_locscale import CryoqaProtLocscale
from .protocol_locspiral import CryoqaProtLocspiral
from .protocol_map_info import CryoqaProtMapInfo
from .protocol_map_resolution import CryoqaProtMapResolution
from .protocol_mask import CryoqaProtMask
from .protocol_model_fit import CryoqaProtModelFit
from .protocol_monodir import CryoqaProtMonodir
from .protocol_monores import CryoqaProtMonores
from .protocol_mtriage import CryoqaProtMtriage
from .protocol_optimal_map import CryoqaProtOptimalMap
from .protocol_phenix_locres import CryoqaProtPhenixLocres
from .protocol_postprocess import CryoqaProtPostprocess
from .protocol_relion_locres import CryoqaProtRelionLocres
from .protocol_resmap import CryoqaProtResmap
from .protocol_shell_sharpen import CryoqaProtShellSharpen
from .protocol_validate import CryoqaProtValidate

__all__ = ["CryoqaProtAutoSharpen", "CryoqaProtBlocres", "CryoqaProtCompareMaps", "CryoqaProtContour", "CryoqaProtMask",
           "CryoqaProtDirectionalFsc", "CryoqaProtFsc", "CryoqaProtGuinier", "CryoqaProtHalfMapStatistics", "CryoqaProtHand",
           "CryoqaProtImportJob", "CryoqaProtLocalFilter", "CryoqaProtLocalFsc", "CryoqaProtLocalSharpen",
           "CryoqaProtLocaldeblur", "CryoqaProtLocbfactor", "CryoqaProtLococcupancy", "CryoqaProtLocscale",
           "CryoqaProtLocspiral", "CryoqaProtMapInfo", "CryoqaProtMapResolution", "CryoqaProtModelFit", "CryoqaProtMonodir",
           "CryoqaProtMonores", "CryoqaProtMtriage", "CryoqaProtOptimalMap", "CryoqaProtPhenixLocres", "CryoqaProtPostprocess",
           "CryoqaProtRelionLocres", "CryoqaProtResmap", "CryoqaProtShellSharpen", "CryoqaProtValidate"]
