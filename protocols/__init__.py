"""The protocols that Scipion finds."""
from .protocol_fsc import CryoqaProtFsc
from .protocol_half_map_statistics import CryoqaProtHalfMapStatistics
from .protocol_import_job import CryoqaProtImportJob
from .protocol_map_info import CryoqaProtMapInfo
from .protocol_mask import CryoqaProtCreateMask
from .protocol_mtriage import CryoqaProtMtriage

__all__ = ["CryoqaProtCreateMask", "CryoqaProtFsc", "CryoqaProtHalfMapStatistics", "CryoqaProtImportJob", "CryoqaProtMapInfo",
           "CryoqaProtMtriage"]
