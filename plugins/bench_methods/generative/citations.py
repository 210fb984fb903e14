"""References and BibTeX entries of the papers that this family is from."""

from __future__ import annotations

SAFIR = (
    "Safir et al., Variational Autoencoders For Semi-Supervised Deep Metric Learning, SciPy 2022"
)
SAFIR_BIBTEX = """@inproceedings{safir2022variational,
  author = {Safir, Nathan and Zain, Meekail and Godwin, Curtis and Miller, Eric and Humphrey, Bella
    and Quinn, Shannon},
  title = {Variational Autoencoders For Semi-Supervised Deep Metric Learning},
  booktitle = {Proceedings of the Python in Science Conference},
  year = {2022},
  doi = {10.25080/majora-212e5952-022}
}"""

HINTON = (
    "Hinton and Salakhutdinov, Reducing the Dimensionality of Data with Neural Networks, "
    "Science 2006"
)
HINTON_BIBTEX = """@article{hinton2006reducing,
  author = {Hinton, Geoffrey E. and Salakhutdinov, Ruslan R.},
  title = {Reducing the Dimensionality of Data with Neural Networks},
  journal = {Science},
  year = {2006}
}"""

KINGMA = "Kingma and Welling, Auto-Encoding Variational Bayes, ICLR 2014"
KINGMA_BIBTEX = """@inproceedings{kingma2014auto,
  author = {Kingma, Diederik P. and Welling, Max},
  title = {Auto-Encoding Variational {Bayes}},
  booktitle = {International Conference on Learning Representations},
  year = {2014}
}"""

TOMCZAK = "Tomczak and Welling, VAE with a VampPrior, AISTATS 2018"

ARVANITIDIS = (
    "Arvanitidis et al., Latent Space Oddity: on the Curvature of Deep Generative Models, ICLR 2018"
)
ARVANITIDIS_BIBTEX = """@inproceedings{arvanitidis2018latent,
  author = {Arvanitidis, Georgios and Hansen, Lars Kai and Hauberg, S{\\o}ren},
  title = {Latent Space Oddity: on the Curvature of Deep Generative Models},
  booktitle = {International Conference on Learning Representations},
  year = {2018}
}"""

LIN = "Lin et al., Deep Variational Metric Learning, ECCV 2018"
LIN_BIBTEX = """@inproceedings{lin2018deep,
  author = {Lin, Xudong and Duan, Yueqi and Dong, Qiyuan and Lu, Jiwen and Zhou, Jie},
  title = {Deep Variational Metric Learning},
  booktitle = {European Conference on Computer Vision},
  year = {2018}
}"""
