"""Normalized softmax with a margin on the own class: CosFace, ArcFace, sub-center ArcFace."""

from __future__ import annotations

from bench_methods.own_rate import OBJECTIVE_RATE
from bench_methods.proxies.library import class_weights
from harness import Float, Int

cosface = class_weights(
    "cosface",
    "CosFaceLoss",
    summary="Normalized softmax whose own-class cosine is lowered by a margin.",
    reference="Wang et al., CosFace: Large Margin Cosine Loss for Deep Face Recognition, CVPR 2018",
    family="classification",
    defaults_from="published search",
    comparison="cosine",
    batch="one-per-class",
    parameters="C * d",
    citation="""@inproceedings{wang2018cosface,
  author = {Wang, Hao and Wang, Yitong and Zhou, Zheng and Ji, Xing and Gong, Dihong and
    Zhou, Jingchao and Li, Zhifeng and Liu, Wei},
  title = {{CosFace}: Large Margin Cosine Loss for Deep Face Recognition},
  booktitle = {IEEE Conference on Computer Vision and Pattern Recognition},
  year = {2018}
}""",
    margin=Float(0.0, 1.0, default=0.42),
    scale=Float(0.01, 200.0, default=100.0, log=True),
    objective_rate=OBJECTIVE_RATE,
)

arcface = class_weights(
    "arcface",
    "ArcFaceLoss",
    summary="Normalized softmax whose own-class angle is widened by a margin, in degrees.",
    reference="Deng et al., ArcFace: Additive Angular Margin Loss for Deep Face Recognition, "
    "CVPR 2019",
    family="classification",
    defaults_from="published search",
    comparison="cosine",
    batch="one-per-class",
    parameters="C * d",
    citation="""@inproceedings{deng2019arcface,
  author = {Deng, Jiankang and Guo, Jia and Xue, Niannan and Zafeiriou, Stefanos},
  title = {{ArcFace}: Additive Angular Margin Loss for Deep Face Recognition},
  booktitle = {IEEE/CVF Conference on Computer Vision and Pattern Recognition},
  year = {2019}
}""",
    margin=Float(0.0, 90.0, default=22.0),
    scale=Float(0.01, 300.0, default=89.0, log=True),
    objective_rate=OBJECTIVE_RATE,
)

subcenter_arcface = class_weights(
    "subcenter-arcface",
    "SubCenterArcFaceLoss",
    summary="ArcFace with several weights a class, of which the nearest counts.",
    reference="Deng et al., Sub-center ArcFace: Boosting Face Recognition by Large-Scale Noisy "
    "Web Faces, ECCV 2020",
    family="classification",
    defaults_from="paper",
    comparison="cosine",
    batch="one-per-class",
    parameters="C * sub_centers * d",
    citation="""@inproceedings{deng2020subcenter,
  author = {Deng, Jiankang and Guo, Jia and Liu, Tongliang and Gong, Mingming and
    Zafeiriou, Stefanos},
  title = {Sub-center {ArcFace}: Boosting Face Recognition by Large-Scale Noisy Web Faces},
  booktitle = {European Conference on Computer Vision},
  year = {2020}
}""",
    margin=Float(0.0, 90.0, default=28.6),
    scale=Float(0.01, 300.0, default=64.0, log=True),
    sub_centers=Int(1, 10, default=3, log=True),
    objective_rate=OBJECTIVE_RATE,
)
