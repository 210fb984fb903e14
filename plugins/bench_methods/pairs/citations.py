"""BibTeX entries of the papers that the losses on pairs and tuples are from."""

from __future__ import annotations


def _entry(kind: str, key: str, **fields: str) -> str:
    lines = "".join(f"  {name} = {{{value}}},\n" for name, value in fields.items())
    return f"@{kind}{{{key},\n{lines}}}"


def _paper(key: str, author: str, title: str, booktitle: str, year: int) -> str:
    return _entry(
        "inproceedings",
        key,
        author=author,
        title=f"{{{title}}}",
        booktitle=booktitle,
        year=str(year),
    )


CVPR = "IEEE Conference on Computer Vision and Pattern Recognition (CVPR)"
ICCV = "IEEE International Conference on Computer Vision (ICCV)"
NEURIPS = "Advances in Neural Information Processing Systems (NeurIPS)"

BROMLEY = _paper(
    "bromley1993signature",
    'Bromley, Jane and Guyon, Isabelle and LeCun, Yann and S{\\"a}ckinger, Eduard and Shah, Roopak',
    "Signature Verification using a ``Siamese'' Time Delay Neural Network",
    NEURIPS,
    1993,
)
CAKIR = _paper(
    "cakir2019deep",
    "Cakir, Fatih and He, Kun and Xia, Xide and Kulis, Brian and Sclaroff, Stan",
    "Deep Metric Learning to Rank",
    CVPR,
    2019,
)
CHEN = _paper(
    "chen2017beyond",
    "Chen, Weihua and Chen, Xiaotang and Zhang, Jianguo and Huang, Kaiqi",
    "Beyond Triplet Loss: A Deep Quadruplet Network for Person Re-Identification",
    CVPR,
    2017,
)
GOLDBERGER = _paper(
    "goldberger2004neighbourhood",
    "Goldberger, Jacob and Roweis, Sam and Hinton, Geoff and Salakhutdinov, Ruslan",
    "Neighbourhood Components Analysis",
    NEURIPS,
    2004,
)
HADSELL = _paper(
    "hadsell2006dimensionality",
    "Hadsell, Raia and Chopra, Sumit and LeCun, Yann",
    "Dimensionality Reduction by Learning an Invariant Mapping",
    CVPR,
    2006,
)
HERMANS = _entry(
    "article",
    "hermans2017defense",
    author="Hermans, Alexander and Beyer, Lucas and Leibe, Bastian",
    title="{In Defense of the Triplet Loss for Person Re-Identification}",
    journal="arXiv preprint arXiv:1703.07737",
    year="2017",
)
HUANG = _paper(
    "huang2016local",
    "Huang, Chen and Loy, Chen Change and Tang, Xiaoou",
    "Local Similarity-Aware Deep Feature Embedding",
    NEURIPS,
    2016,
)
KOCH = _paper(
    "koch2015siamese",
    "Koch, Gregory and Zemel, Richard and Salakhutdinov, Ruslan",
    "Siamese Neural Networks for One-shot Image Recognition",
    "ICML Deep Learning Workshop",
    2015,
)
LAW = _paper(
    "law2013quadruplet",
    "Law, Marc T. and Thome, Nicolas and Cord, Matthieu",
    "Quadruplet-Wise Image Similarity Learning",
    ICCV,
    2013,
)
LI = _paper(
    "li2022rethinking",
    "Li, Zhuo and Min, Weiqing and Song, Jiajun and Zhu, Yaohui and Kang, Liping and "
    "Wei, Xiaoming and Wei, Xiaolin and Jiang, Shuqiang",
    "Rethinking the Optimization of Average Precision: Only Penalizing Negative Instances before "
    "Positive Ones is Enough",
    "AAAI Conference on Artificial Intelligence",
    2022,
)
SCHROFF = _paper(
    "schroff2015facenet",
    "Schroff, Florian and Kalenichenko, Dmitry and Philbin, James",
    "FaceNet: A Unified Embedding for Face Recognition and Clustering",
    CVPR,
    2015,
)
SOHN = _paper(
    "sohn2016improved",
    "Sohn, Kihyuk",
    "Improved Deep Metric Learning with Multi-class N-pair Loss Objective",
    NEURIPS,
    2016,
)
SONG = _paper(
    "song2016deep",
    "Song, Hyun Oh and Xiang, Yu and Jegelka, Stefanie and Savarese, Silvio",
    "Deep Metric Learning via Lifted Structured Feature Embedding",
    CVPR,
    2016,
)
SUN = _paper(
    "sun2020circle",
    "Sun, Yifan and Cheng, Changmao and Zhang, Yuhan and Zhang, Chi and Zheng, Liang and "
    "Wang, Zhongdao and Wei, Yichen",
    "Circle Loss: A Unified Perspective of Pair Similarity Optimization",
    CVPR,
    2020,
)
USTINOVA = _paper(
    "ustinova2016learning",
    "Ustinova, Evgeniya and Lempitsky, Victor",
    "Learning Deep Embeddings with Histogram Loss",
    NEURIPS,
    2016,
)
WANG_ANGULAR = _paper(
    "wang2017deep",
    "Wang, Jian and Zhou, Feng and Wen, Shilei and Liu, Xiao and Lin, Yuanqing",
    "Deep Metric Learning with Angular Loss",
    ICCV,
    2017,
)
WANG_MULTI_SIMILARITY = _paper(
    "wang2019multi",
    "Wang, Xun and Han, Xintong and Huang, Weilin and Dong, Dengke and Scott, Matthew R.",
    "Multi-Similarity Loss with General Pair Weighting for Deep Metric Learning",
    CVPR,
    2019,
)
WANG_RANKED_LIST = _paper(
    "wang2019ranked",
    "Wang, Xinshao and Hua, Yang and Kodirov, Elyor and Hu, Guosheng and Garnier, Romain and "
    "Robertson, Neil M.",
    "Ranked List Loss for Deep Metric Learning",
    CVPR,
    2019,
)
WU = _paper(
    "wu2017sampling",
    'Wu, Chao-Yuan and Manmatha, R. and Smola, Alexander J. and Kr{\\"a}henb{\\"u}hl, Philipp',
    "Sampling Matters in Deep Embedding Learning",
    ICCV,
    2017,
)
YU = _paper(
    "yu2019deep",
    "Yu, Baosheng and Tao, Dacheng",
    "Deep Metric Learning with Tuplet Margin Loss",
    ICCV,
    2019,
)
YUAN = _paper(
    "yuan2019signal",
    "Yuan, Tongtong and Deng, Weihong and Tang, Jian and Tang, Yinan and Chen, Binghui",
    "Signal-to-Noise Ratio: A Robust Distance Metric for Deep Metric Learning",
    CVPR,
    2019,
)
ZHANG = _paper(
    "zhang2019learning",
    "Zhang, Linguang and Rusinkiewicz, Szymon",
    "Learning Local Descriptors with a CDF-Based Dynamic Soft Margin",
    ICCV,
    2019,
)
ZHOU = _paper(
    "zhou2020ladder",
    "Zhou, Mo and Niu, Zhenxing and Wang, Le and Gao, Zhanning and Zhang, Qilin and Hua, Gang",
    "Ladder Loss for Coherent Visual-Semantic Embedding",
    "AAAI Conference on Artificial Intelligence",
    2020,
)
