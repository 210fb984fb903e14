"""BibTeX entries of the papers that the linear methods are from."""

from __future__ import annotations

JEGOU = """@inproceedings{jegou2012negative,
  author = {J{\\'e}gou, Herv{\\'e} and Chum, Ond{\\v{r}}ej},
  title = {Negative Evidences and Co-occurences in Image Retrieval: The Benefit of {PCA} and
    Whitening},
  booktitle = {European Conference on Computer Vision (ECCV)},
  year = {2012},
}"""

FISHER = """@article{fisher1936use,
  author = {Fisher, Ronald A.},
  title = {The Use of Multiple Measurements in Taxonomic Problems},
  journal = {Annals of Eugenics},
  volume = {7},
  number = {2},
  pages = {179--188},
  year = {1936},
}"""

WEINBERGER_SAUL = """@article{weinberger2009distance,
  author = {Weinberger, Kilian Q. and Saul, Lawrence K.},
  title = {Distance Metric Learning for Large Margin Nearest Neighbor Classification},
  journal = {Journal of Machine Learning Research},
  volume = {10},
  pages = {207--244},
  year = {2009},
}"""

SUGIYAMA = """@article{sugiyama2007dimensionality,
  author = {Sugiyama, Masashi},
  title = {Dimensionality Reduction of Multimodal Labeled Data by Local {Fisher} Discriminant
    Analysis},
  journal = {Journal of Machine Learning Research},
  volume = {8},
  pages = {1027--1061},
  year = {2007},
}"""

WEINBERGER_TESAURO = """@inproceedings{weinberger2007metric,
  author = {Weinberger, Kilian Q. and Tesauro, Gerald},
  title = {Metric Learning for Kernel Regression},
  booktitle = {International Conference on Artificial Intelligence and Statistics (AISTATS)},
  year = {2007},
}"""

DAVIS = """@inproceedings{davis2007information,
  author = {Davis, Jason V. and Kulis, Brian and Jain, Prateek and Sra, Suvrit and
    Dhillon, Inderjit S.},
  title = {Information-Theoretic Metric Learning},
  booktitle = {International Conference on Machine Learning (ICML)},
  year = {2007},
}"""

LIU = """@inproceedings{liu2012metric,
  author = {Liu, Eric Yi and Guo, Zhishan and Zhang, Xiang and Jojic, Vladimir and Wang, Wei},
  title = {Metric Learning from Relative Comparisons by Minimizing Squared Residual},
  booktitle = {IEEE International Conference on Data Mining (ICDM)},
  year = {2012},
}"""

XING = """@inproceedings{xing2002distance,
  author = {Xing, Eric P. and Ng, Andrew Y. and Jordan, Michael I. and Russell, Stuart},
  title = {Distance Metric Learning with Application to Clustering with Side-Information},
  booktitle = {Advances in Neural Information Processing Systems},
  year = {2002},
}"""

SHENTAL = """@inproceedings{shental2002adjustment,
  author = {Shental, Noam and Hertz, Tomer and Weinshall, Daphna and Pavel, Misha},
  title = {Adjustment Learning and Relevant Component Analysis},
  booktitle = {European Conference on Computer Vision (ECCV)},
  year = {2002},
}"""
