"""The protocols that Scipion finds."""
from .protocol_blocres import CryoqaProtBlocres
from .protocol_directional_fsc import CryoqaProtDirectionalFsc
from .protocol_fsc import CryoqaProtFsc
from .protocol_half_map_statistics import CryoqaProtHalfMapStatistics
from .protocol_import_job import CryoqaProtImportJob
from .protocol_local_filter import CryoqaProtLocalFilter
from .protocol_local_fsc import CryoqaProtLocalFsc
from .protocol_map_info import CryoqaProtMapInfo
from .protocol_mask import CryoqaProtCreateMask
from .protocol_monodir import CryoqaProtMonodir
from .protocol_monores import CryoqaProtMonores
from .protocol_mtriage import CryoqaProtMtriage
from .protocol_resmap import CryoqaProtResmap

__all__ = ["CryoqaProtBlocres", "CryoqaProtCreateMask", "CryoqaProtDirectionalFsc", "CryoqaProtFsc",
           "CryoqaProtHalfMapStatistics", "CryoqaProtImportJob", "CryoqaProtLocalFilter", "CryoqaProtLocalFsc",
           "CryoqaProtMapInfo", "CryoqaProtMonodir", "CryoqaProtMonores", "CryoqaProtMtriage",
           "CryoqaProtResmap"]
