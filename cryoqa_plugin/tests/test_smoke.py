"""One map with half-maps from the import to its resolution and a sharpened map; data is made up, nothing is fetched."""
from __future__ import annotations

import os
from typing import Any

from pwem.protocols import ProtImportVolumes
from pyworkflow.tests import BaseTest, setupTestProject

from cryoqa_plugin.demo import write_demo_data
from cryoqa_plugin.io.maps import read_header
from cryoqa_plugin.protocols import CryoqaProtAutoSharpen, CryoqaProtFsc, CryoqaProtMask


class TestCryoqaSmoke(BaseTest):
    """Import, mask, FSC and sharpening of a made-up map."""

    @classmethod
    def setUpClass(cls) -> None:
        """Make the project and the map, and import it."""
        setupTestProject(cls)
        paths = write_demo_data(os.path.join(cls.outputPath, "made_up"), box=48)
        size = read_header(paths["full_map"]).voxel_size[0]
        cls.imported = cls.newProtocol(ProtImportVolumes, importFrom=0, filesPath=paths["full_map"], samplingRate=size, setHalfMaps=True,
                                       half1map=paths["half1"], half2map=paths["half2"])
        cls.launchProtocol(cls.imported)
        cls.size = size

    def _run(self, protocol_class: type, **values: Any) -> Any:
        protocol = self.newProtocol(protocol_class, **values)
        protocol.inputVolume.set(self.imported)
        protocol.inputVolume.setExtended("outputVolume")
        self.assertEqual(protocol.validate(), [])
        return self.launchProtocol(protocol)

    def test_mask_has_the_grid_of_the_volume(self) -> None:
        """A mask is made where the volume lies."""
        mask = self._run(CryoqaProtMask).outputMask
        given = self.imported.outputVolume
        self.assertEqual(mask.getDim(), given.getDim())
        self.assertEqual(list(mask.getOrigin().getShifts()), list(given.getOrigin(force=True).getShifts()))

    def test_fsc_gives_a_resolution(self) -> None:
        """The half-maps agree to a resolution between Nyquist and a quarter of the box."""
        protocol = self._run(CryoqaProtFsc)
        resolution = protocol.result()["metrics"]["resolution"]["value"]
        self.assertGreater(resolution, 2 * self.size)
        self.assertLess(resolution, 12 * self.size)
        self.assertIn("unmasked", [curve.getObjLabel() for curve in protocol.outputFSCs])

    def test_sharpening_keeps_the_raw_half_maps_on_the_volume(self) -> None:
        """The sharpened volume carries the half-maps that were given."""
        volume = self._run(CryoqaProtAutoSharpen).outputVolume
        self.assertEqual(list(volume.getHalfMaps(asList=True)), list(self.imported.outputVolume.getHalfMaps(asList=True)))
