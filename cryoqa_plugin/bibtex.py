"""
@article{Rosenthal2003,
  title = {Optimal determination of particle orientation, absolute hand, and contrast loss in single-particle electron cryomicroscopy},
  author = {Rosenthal, Peter B. and Henderson, Richard},
  journal = {Journal of Molecular Biology}, volume = {333}, pages = {721--745}, year = {2003},
  doi = {https://dx.doi.org/10.1016/j.jmb.2003.07.013}
}

@article{Rosenthal2015,
  title = {Validating maps from single particle electron cryomicroscopy},
  author = {Rosenthal, Peter B. and Rubinstein, John L.},
  journal = {Current Opinion in Structural Biology}, volume = {34}, pages = {135--144}, year = {2015},
  doi = {https://dx.doi.org/10.1016/j.sbi.2015.07.002}
}

@article{Chen2013,
  title = {High-resolution noise substitution to measure overfitting and validate resolution in 3D structure determination by single particle electron cryomicroscopy},
  author = {Chen, Shaoxia and McMullan, Greg and Faruqi, Abdul R. and Murshudov, Garib N. and Short, Judith M. and Scheres, Sjors H. W. and Henderson, Richard},
  journal = {Ultramicroscopy}, volume = {135}, pages = {24--35}, year = {2013},
  doi = {https://dx.doi.org/10.1016/j.ultramic.2013.06.004}
}

@article{Afonine2018,
  title = {New tools for the analysis and validation of cryo-EM maps and atomic models},
  author = {Afonine, Pavel V. and Klaholz, Bruno P. and Moriarty, Nigel W. and Poon, Billy K. and Sobolev, Oleg V. and Terwilliger, Thomas C. and Adams, Paul D. and Urzhumtsev, Alexandre},
  journal = {Acta Crystallographica Section D}, volume = {74}, pages = {814--840}, year = {2018},
  doi = {https://dx.doi.org/10.1107/S2059798318009324}
}

@article{Penczek2010,
  title = {Resolution measures in molecular electron microscopy},
  author = {Penczek, Pawel A.},
  journal = {Methods in Enzymology}, volume = {482}, pages = {73--100}, year = {2010},
  doi = {https://dx.doi.org/10.1016/S0076-6879(10)82003-8}
}

@article{vanHeel2005,
  title = {Fourier shell correlation threshold criteria},
  author = {van Heel, Marin and Schatz, Michael},
  journal = {Journal of Structural Biology}, volume = {151}, pages = {250--262}, year = {2005},
  doi = {https://dx.doi.org/10.1016/j.jsb.2005.05.009}
}

@article{Scheres2012,
  title = {RELION: Implementation of a Bayesian approach to cryo-EM structure determination},
  author = {Scheres, Sjors H. W.},
  journal = {Journal of Structural Biology}, volume = {180}, pages = {519--530}, year = {2012},
  doi = {https://dx.doi.org/10.1016/j.jsb.2012.09.006}
}

@article{Jakobi2017,
  title = {Model-based local density sharpening of cryo-EM maps},
  author = {Jakobi, Arjen J. and Wilmanns, Matthias and Sachse, Carsten},
  journal = {eLife}, volume = {6}, pages = {e27131}, year = {2017},
  doi = {https://dx.doi.org/10.7554/eLife.27131}
}

@article{Bharadwaj2022,
  title = {Electron scattering properties of biological macromolecules and their use for cryo-EM map sharpening},
  author = {Bharadwaj, Alok and Jakobi, Arjen J.},
  journal = {Faraday Discussions}, volume = {240}, pages = {168--183}, year = {2022},
  doi = {https://dx.doi.org/10.1039/D2FD00078D}
}

@article{Punjani2017,
  title = {cryoSPARC: algorithms for rapid unsupervised cryo-EM structure determination},
  author = {Punjani, Ali and Rubinstein, John L. and Fleet, David J. and Brubaker, Marcus A.},
  journal = {Nature Methods}, volume = {14}, pages = {290--296}, year = {2017},
  doi = {https://dx.doi.org/10.1038/nmeth.4169}
}

@article{Terwilliger2018,
  title = {Automated map sharpening by maximization of detail and connectivity},
  author = {Terwilliger, Thomas C. and Sobolev, Oleg V. and Afonine, Pavel V. and Adams, Paul D.},
  journal = {Acta Crystallographica Section D}, volume = {74}, pages = {545--559}, year = {2018},
  doi = {https://dx.doi.org/10.1107/S2059798318004655}
}

@article{Terwilliger2020,
  title = {Improvement of cryo-EM maps by density modification},
  author = {Terwilliger, Thomas C. and Ludtke, Steven J. and Read, Randy J. and Adams, Paul D. and Afonine, Pavel V.},
  journal = {Nature Methods}, volume = {17}, pages = {923--927}, year = {2020},
  doi = {https://dx.doi.org/10.1038/s41592-020-0914-9}
}

@article{Beckers2020,
  title = {Permutation testing of Fourier shell correlation for resolution estimation of cryo-EM maps},
  author = {Beckers, Maximilian and Sachse, Carsten},
  journal = {Journal of Structural Biology}, volume = {212}, pages = {107579}, year = {2020},
  doi = {https://dx.doi.org/10.1016/j.jsb.2020.107579}
}

@article{Beckers2019,
  title = {Thresholding of cryo-EM density maps by false discovery rate control},
  author = {Beckers, Maximilian and Jakobi, Arjen J. and Sachse, Carsten},
  journal = {IUCrJ}, volume = {6}, pages = {18--33}, year = {2019},
  doi = {https://dx.doi.org/10.1107/S2052252518014434}
}

@article{Benjamini1995,
  title = {Controlling the false discovery rate: a practical and powerful approach to multiple testing},
  author = {Benjamini, Yoav and Hochberg, Yosef},
  journal = {Journal of the Royal Statistical Society B}, volume = {57}, pages = {289--300}, year = {1995},
  doi = {https://dx.doi.org/10.1111/j.2517-6161.1995.tb02031.x}
}

@article{Benjamini2001,
  title = {The control of the false discovery rate in multiple testing under dependency},
  author = {Benjamini, Yoav and Yekutieli, Daniel},
  journal = {The Annals of Statistics}, volume = {29}, pages = {1165--1188}, year = {2001},
  doi = {https://dx.doi.org/10.1214/aos/1013699998}
}

@article{Anderson1952,
  title = {Asymptotic theory of certain goodness of fit criteria based on stochastic processes},
  author = {Anderson, T. W. and Darling, D. A.},
  journal = {The Annals of Mathematical Statistics}, volume = {23}, pages = {193--212}, year = {1952},
  doi = {https://dx.doi.org/10.1214/aoms/1177729437}
}

@article{Frank1981,
  title = {Computer averaging of electron micrographs of 40S ribosomal subunits},
  author = {Frank, Joachim and Verschoor, Adriana and Boublik, Miloslav},
  journal = {Science}, volume = {214}, pages = {1353--1355}, year = {1981},
  doi = {https://dx.doi.org/10.1126/science.7313694}
}

@article{Penczek2002,
  title = {Three-dimensional spectral signal-to-noise ratio for a class of reconstruction algorithms},
  author = {Penczek, Pawel A.},
  journal = {Journal of Structural Biology}, volume = {138}, pages = {34--46}, year = {2002},
  doi = {https://dx.doi.org/10.1016/S1047-8477(02)00033-3}
}

@article{Warshamanage2022,
  title = {EMDA: A Python package for Electron Microscopy Data Analysis},
  author = {Warshamanage, Rangana and Yamashita, Keitaro and Murshudov, Garib N.},
  journal = {Journal of Structural Biology}, volume = {214}, pages = {107826}, year = {2022},
  doi = {https://dx.doi.org/10.1016/j.jsb.2021.107826}
}

@article{Vilas2023,
  title = {New measures of anisotropy of cryo-EM maps},
  author = {Vilas, Jose-Luis and Tagare, Hemant D.},
  journal = {Nature Methods}, volume = {20}, pages = {1021--1024}, year = {2023},
  doi = {https://dx.doi.org/10.1038/s41592-023-01874-3}
}

@article{Tan2017,
  title = {Addressing preferred specimen orientation in single-particle cryo-EM through tilting},
  author = {Tan, Yong Zi and Baldwin, Philip R. and Davis, Joseph H. and Williamson, James R. and Potter, Clinton S. and Carragher, Bridget and Lyumkis, Dmitry},
  journal = {Nature Methods}, volume = {14}, pages = {793--796}, year = {2017},
  doi = {https://dx.doi.org/10.1038/nmeth.4347}
}

@book{Mardia2000,
  title = {Directional Statistics},
  author = {Mardia, Kanti V. and Jupp, Peter E.},
  publisher = {Wiley}, year = {2000},
  doi = {https://dx.doi.org/10.1002/9780470316979}
}

@article{Cardone2013,
  title = {One number does not fit all: mapping local variations in resolution in cryo-EM reconstructions},
  author = {Cardone, Giovanni and Heymann, J. Bernard and Steven, Alasdair C.},
  journal = {Journal of Structural Biology}, volume = {184}, pages = {226--236}, year = {2013},
  doi = {https://dx.doi.org/10.1016/j.jsb.2013.08.002}
}

@article{Tibshirani1987,
  title = {Local likelihood estimation},
  author = {Tibshirani, Robert and Hastie, Trevor},
  journal = {Journal of the American Statistical Association}, volume = {82}, pages = {559--567}, year = {1987},
  doi = {https://dx.doi.org/10.1080/01621459.1987.10478466}
}

@article{Ramlaul2019,
  title = {A local agreement filtering algorithm for transmission EM reconstructions},
  author = {Ramlaul, Kailash and Palmer, Colin M. and Aylett, Christopher H. S.},
  journal = {Journal of Structural Biology}, volume = {205}, pages = {30--40}, year = {2019},
  doi = {https://dx.doi.org/10.1016/j.jsb.2018.11.011}
}

@article{Ramlaul2020,
  title = {Mitigating local over-fitting during single particle reconstruction with SIDESPLITTER},
  author = {Ramlaul, Kailash and Palmer, Colin M. and Nakane, Takanori and Aylett, Christopher H. S.},
  journal = {Journal of Structural Biology}, volume = {211}, pages = {107545}, year = {2020},
  doi = {https://dx.doi.org/10.1016/j.jsb.2020.107545}
}

@article{Liebschner2019,
  title = {Macromolecular structure determination using X-rays, neutrons and electrons: recent developments in Phenix},
  author = {Liebschner, Dorothee and Afonine, Pavel V. and Baker, Matthew L. and Bunkóczi, Gábor and Chen, Vincent B. and Croll, Tristan I. and others},
  journal = {Acta Crystallographica Section D}, volume = {75}, pages = {861--877}, year = {2019},
  doi = {https://dx.doi.org/10.1107/S2059798319011471}
}

@article{Vilas2018,
  title = {MonoRes: Automatic and accurate estimation of local resolution for electron microscopy maps},
  author = {Vilas, José Luis and Gómez-Blanco, Josué and Conesa, Pablo and Melero, Roberto and de la Rosa-Trevín, José Miguel and Otón, Joaquín and Cuenca, Jesús and Marabini, Roberto and Carazo, José María and Vargas, Javier and Sorzano, Carlos Oscar S.},
  journal = {Structure}, volume = {26}, pages = {337--344}, year = {2018},
  doi = {https://dx.doi.org/10.1016/j.str.2017.12.018}
}

@article{Vilas2020,
  title = {Measuring local-directional resolution and local anisotropy in cryo-EM maps},
  author = {Vilas, José Luis and Tagare, Hemant D. and Vargas, Javier and Carazo, José María and Sorzano, Carlos Oscar S.},
  journal = {Nature Communications}, volume = {11}, pages = {55}, year = {2020},
  doi = {https://dx.doi.org/10.1038/s41467-019-13742-w}
}

@article{Kucukelbir2014,
  title = {Quantifying the local resolution of cryo-EM density maps},
  author = {Kucukelbir, Alp and Sigworth, Fred J. and Tagare, Hemant D.},
  journal = {Nature Methods}, volume = {11}, pages = {63--65}, year = {2014},
  doi = {https://dx.doi.org/10.1038/nmeth.2727}
}

@article{Wilson1942,
  title = {Determination of absolute from relative X-ray intensity data},
  author = {Wilson, A. J. C.},
  journal = {Nature}, volume = {150}, pages = {152}, year = {1942},
  doi = {https://dx.doi.org/10.1038/150152a0}
}

@article{Yamashita2021,
  title = {Cryo-EM single-particle structure refinement and map calculation using Servalcat},
  author = {Yamashita, Keitaro and Palmer, Colin M. and Burnley, Tom and Murshudov, Garib N.},
  journal = {Acta Crystallographica Section D}, volume = {77}, pages = {1282--1291}, year = {2021},
  doi = {https://dx.doi.org/10.1107/S2059798321009475}
}

@article{Freeman1991,
  title = {The design and use of steerable filters},
  author = {Freeman, William T. and Adelson, Edward H.},
  journal = {IEEE Transactions on Pattern Analysis and Machine Intelligence}, volume = {13}, pages = {891--906}, year = {1991},
  doi = {https://dx.doi.org/10.1109/34.93808}
}

@article{Ramirez2020,
  title = {Automatic local resolution-based sharpening of cryo-EM maps},
  author = {Ramírez-Aportela, Erney and Vilas, Jose Luis and Glukhova, Alisa and Melero, Roberto and Conesa, Pablo and Martínez, Marta and Maluenda, David and Mota, Javier and Jiménez, Amaya and Vargas, Javier and Marabini, Roberto and Sexton, Patrick M. and Carazo, Jose Maria and Sorzano, Carlos Oscar S.},
  journal = {Bioinformatics}, volume = {36}, pages = {765--772}, year = {2020},
  doi = {https://dx.doi.org/10.1093/bioinformatics/btz671}
}

@article{Kaur2021,
  title = {Local computational methods to improve the interpretability and analysis of cryo-EM maps},
  author = {Kaur, Satinder and Gomez-Blanco, Josue and Khalifa, Ahmad A. Z. and Adinarayanan, Swathi and Sanchez-Garcia, Ruben and Wrapp, Daniel and McLellan, Jason S. and Bui, Khanh Huy and Vargas, Javier},
  journal = {Nature Communications}, volume = {12}, pages = {1240}, year = {2021},
  doi = {https://dx.doi.org/10.1038/s41467-021-21509-5}
}

@article{Rabiner1989,
  title = {A tutorial on hidden Markov models and selected applications in speech recognition},
  author = {Rabiner, Lawrence R.},
  journal = {Proceedings of the IEEE}, volume = {77}, pages = {257--286}, year = {1989},
  doi = {https://dx.doi.org/10.1109/5.18626}
}

@article{Terashi2022,
  title = {Residue-wise local quality estimation for protein models from cryo-EM maps},
  author = {Terashi, Genki and Wang, Xiao and Maddhuri Venkata Subramaniya, Sai Raghavendra and Tesmer, John J. G. and Kihara, Daisuke},
  journal = {Nature Methods}, volume = {19}, pages = {1116--1125}, year = {2022},
  doi = {https://dx.doi.org/10.1038/s41592-022-01574-4}
}

@article{Chojnowski2022,
  title = {Sequence-assignment validation in cryo-EM models with checkMySequence},
  author = {Chojnowski, Grzegorz},
  journal = {Acta Crystallographica Section D}, volume = {78}, pages = {806--816}, year = {2022},
  doi = {https://dx.doi.org/10.1107/S2059798322005009}
}

@article{Wang2022,
  title = {Validation analysis of EMDB entries},
  author = {Wang, Zhe and Patwardhan, Ardan and Kleywegt, Gerard J.},
  journal = {Acta Crystallographica Section D}, volume = {78}, pages = {542--552}, year = {2022},
  doi = {https://dx.doi.org/10.1107/S205979832200328X}
}

@article{Sorzano2022,
  title = {Image processing tools for the validation of CryoEM maps},
  author = {Sorzano, Carlos Oscar S. and Vilas, José Luis and Ramírez-Aportela, Erney and Krieger, James and del Hoyo, Daniel and Herreros, David and Fernandez-Giménez, Estrella and others},
  journal = {Faraday Discussions}, volume = {240}, pages = {210--227}, year = {2022},
  doi = {https://dx.doi.org/10.1039/D2FD00059H}
}

@article{Pintilie2020,
  title = {Measurement of atom resolvability in cryo-EM maps with Q-scores},
  author = {Pintilie, Grigore and Zhang, Kaiming and Su, Zhaoming and Li, Shanshan and Schmid, Michael F. and Chiu, Wah},
  journal = {Nature Methods}, volume = {17}, pages = {328--334}, year = {2020},
  doi = {https://dx.doi.org/10.1038/s41592-020-0731-1}
}

@article{Pauling1951,
  title = {The structure of proteins: two hydrogen-bonded helical configurations of the polypeptide chain},
  author = {Pauling, Linus and Corey, Robert B. and Branson, H. R.},
  journal = {Proceedings of the National Academy of Sciences}, volume = {37}, pages = {205--211}, year = {1951},
  doi = {https://dx.doi.org/10.1073/pnas.37.4.205}
}

@article{DiMaio2013,
  title = {Cryo-EM model validation using independent map reconstructions},
  author = {DiMaio, Frank and Zhang, Junjie and Chiu, Wah and Baker, David},
  journal = {Protein Science}, volume = {22}, pages = {865--868}, year = {2013},
  doi = {https://dx.doi.org/10.1002/pro.2267}
}

@article{Brown2015,
  title = {Tools for macromolecular model building and refinement into electron cryo-microscopy reconstructions},
  author = {Brown, Alan and Long, Fei and Nicholls, Robert A. and Toots, Jaan and Emsley, Paul and Murshudov, Garib},
  journal = {Acta Crystallographica Section D}, volume = {71}, pages = {136--153}, year = {2015},
  doi = {https://dx.doi.org/10.1107/S1399004714021683}
}

@article{Barad2015,
  title = {EMRinger: side chain-directed model and map validation for 3D cryo-electron microscopy},
  author = {Barad, Benjamin A. and Echols, Nathaniel and Wang, Ray Yu-Ruei and Cheng, Yifan and DiMaio, Frank and Adams, Paul D. and Fraser, James S.},
  journal = {Nature Methods}, volume = {12}, pages = {943--946}, year = {2015},
  doi = {https://dx.doi.org/10.1038/nmeth.3541}
}

@article{wwPDB2024,
  title = {EMDB---the Electron Microscopy Data Bank},
  author = {{The wwPDB Consortium}},
  journal = {Nucleic Acids Research}, volume = {52}, pages = {D456--D465}, year = {2024},
  doi = {https://dx.doi.org/10.1093/nar/gkad1019}
}

@article{Kleywegt2024,
  title = {Community recommendations on cryoEM data archiving and validation},
  author = {Kleywegt, Gerard J. and Adams, Paul D. and Butcher, Sarah J. and Lawson, Catherine L. and Rohou, Alexis and Rosenthal, Peter B. and Subramaniam, Sriram and Topf, Maya and Abbott, Sanja and others},
  journal = {IUCrJ}, volume = {11}, pages = {140--151}, year = {2024},
  doi = {https://dx.doi.org/10.1107/S2052252524001246}
}

@article{Engh1991,
  title = {Accurate bond and angle parameters for X-ray protein structure refinement},
  author = {Engh, R. A. and Huber, R.},
  journal = {Acta Crystallographica Section A}, volume = {47}, pages = {392--400}, year = {1991},
  doi = {https://dx.doi.org/10.1107/S0108767391001071}
}

@article{Word1999,
  title = {Visualizing and quantifying molecular goodness-of-fit: small-probe contact dots with explicit hydrogen atoms},
  author = {Word, J. Michael and Lovell, Simon C. and LaBean, Thomas H. and Taylor, Hope C. and Zalis, Michael E. and Presley, Brent K. and Richardson, Jane S. and Richardson, David C.},
  journal = {Journal of Molecular Biology}, volume = {285}, pages = {1711--1733}, year = {1999},
  doi = {https://dx.doi.org/10.1006/jmbi.1998.2400}
}

@article{RamirezAportela2021,
  title = {FSC-Q: a CryoEM map-to-atomic model quality validation based on the local Fourier shell correlation},
  author = {Ramírez-Aportela, Erney and Maluenda, David and Fonseca, Yunior C. and Conesa, Pablo and Marabini, Roberto and Heymann, J. Bernard and Carazo, Jose Maria and Sorzano, Carlos Oscar S.},
  journal = {Nature Communications}, volume = {12}, pages = {42}, year = {2021},
  doi = {https://dx.doi.org/10.1038/s41467-020-20295-w}
}

@article{Joseph2016,
  title = {Refinement of atomic models in high resolution EM reconstructions using Flex-EM and local assessment},
  author = {Joseph, Agnel Praveen and Malhotra, Sony and Burnley, Tom and Wood, Chris and Clare, Daniel K. and Winn, Martyn and Topf, Maya},
  journal = {Methods}, volume = {100}, pages = {42--49}, year = {2016},
  doi = {https://dx.doi.org/10.1016/j.ymeth.2016.03.007}
}

@article{Cragnolini2021,
  title = {TEMPy2: a Python library with improved 3D electron microscopy density-fitting and validation workflows},
  author = {Cragnolini, Tristan and Sahota, Harpal and Joseph, Agnel Praveen and Sweeney, Aaron and Malhotra, Sony and Vasishtan, Daven and Topf, Maya},
  journal = {Acta Crystallographica Section D}, volume = {77}, pages = {41--47}, year = {2021},
  doi = {https://dx.doi.org/10.1107/S2059798320014928}
}

@inproceedings{Alexa2022,
  title = {Super-Fibonacci spirals: fast, low-discrepancy sampling of {SO(3)}},
  author = {Alexa, Marc},
  booktitle = {Proceedings of the IEEE/CVF Conference on Computer Vision and Pattern Recognition},
  pages = {8291--8300}, year = {2022},
  doi = {https://dx.doi.org/10.1109/CVPR52688.2022.00811}
}

@article{Shannon1949,
  title = {Communication in the presence of noise},
  author = {Shannon, Claude E.},
  journal = {Proceedings of the IRE}, volume = {37}, pages = {10--21}, year = {1949},
  doi = {https://dx.doi.org/10.1109/JRPROC.1949.232969}
}

@article{Herzik2019,
  title = {A multi-model approach to assessing local and global cryo-EM map quality},
  author = {Herzik, Mark A. and Fraser, James S. and Lander, Gabriel C.},
  journal = {Structure}, volume = {27}, pages = {344--358}, year = {2019},
  doi = {https://dx.doi.org/10.1016/j.str.2018.10.003}
}

@article{Tirion1996,
  title = {Large amplitude elastic motions in proteins from a single-parameter, atomic analysis},
  author = {Tirion, Monique M.},
  journal = {Physical Review Letters}, volume = {77}, pages = {1905--1908}, year = {1996},
  doi = {https://dx.doi.org/10.1103/PhysRevLett.77.1905}
}

@article{Liu1989,
  title = {On the limited memory BFGS method for large scale optimization},
  author = {Liu, Dong C. and Nocedal, Jorge},
  journal = {Mathematical Programming}, volume = {45}, pages = {503--528}, year = {1989},
  doi = {https://dx.doi.org/10.1007/BF01589116}
}

@article{Heymann2005,
  title = {Common conventions for interchange and archiving of three-dimensional electron microscopy information in structural biology},
  author = {Heymann, J. Bernard and Chagoyen, M{\\'o}nica and Belnap, David M.},
  journal = {Journal of Structural Biology}, volume = {151}, pages = {196--207}, year = {2005},
  doi = {https://dx.doi.org/10.1016/j.jsb.2005.06.001}
}

@article{Nelder1965,
  title = {A simplex method for function minimization},
  author = {Nelder, John A. and Mead, Roger},
  journal = {The Computer Journal}, volume = {7}, pages = {308--313}, year = {1965},
  doi = {https://dx.doi.org/10.1093/comjnl/7.4.308}
}

@article{Lehtinen2018,
  title = {Noise2Noise: learning image restoration without clean data},
  author = {Lehtinen, Jaakko and Munkberg, Jacob and Hasselgren, Jon and Laine, Samuli and Karras, Tero and Aittala, Miika and Aila, Timo},
  journal = {Proceedings of Machine Learning Research}, volume = {80}, pages = {2965--2974}, year = {2018},
  doi = {https://dx.doi.org/10.48550/arXiv.1803.04189}
}

@article{Tegunov2021,
  title = {Multi-particle cryo-EM refinement with M visualizes ribosome-antibiotic complex at 3.5 Å in cells},
  author = {Tegunov, Dimitry and Xue, Liang and Dienemann, Christian and Cramer, Patrick and Mahamid, Julia},
  journal = {Nature Methods}, volume = {18}, pages = {186--193}, year = {2021},
  doi = {https://dx.doi.org/10.1038/s41592-020-01054-7}
}
"""
