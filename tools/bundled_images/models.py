"""The parts of the pipeline, at their sizes, and the folder they make."""

import torch
from diffusers import AutoencoderKL, EulerDiscreteScheduler, \
    UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel, \
    CLIPTextModelWithProjection

LATENT, POSITIONS = 16, 77


def make_vae():
    return AutoencoderKL(
        in_channels=3, out_channels=3, latent_channels=4, sample_size=64,
        down_block_types=("DownEncoderBlock2D",) * 3,
        up_block_types=("UpDecoderBlock2D",) * 3,
        block_out_channels=(16, 32, 64), layers_per_block=1,
        norm_num_groups=8, force_upcast=False, scaling_factor=1.0)


def make_unet(channels=(48, 96, 96), heads=(1, 3, 3)):
    return UNet2DConditionModel(
        sample_size=LATENT, in_channels=4, out_channels=4,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D",
                          "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D",
                        "UpBlock2D"),
        block_out_channels=channels, layers_per_block=1,
        transformer_layers_per_block=1, attention_head_dim=heads,
        cross_attention_dim=160, norm_num_groups=16,
        use_linear_projection=True, addition_embed_type="text_time",
        addition_time_embed_dim=16, projection_class_embeddings_input_dim=192)


def text_config(kind, tokenizer):
    width, act = (64, "quick_gelu") if kind == 1 else (96, "gelu")
    return CLIPTextConfig(
        vocab_size=len(tokenizer), hidden_size=width,
        intermediate_size=4 * width, projection_dim=96, num_hidden_layers=3,
        num_attention_heads=width // 32, max_position_embeddings=POSITIONS,
        hidden_act=act, bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.eos_token_id if kind == 1 else 0)


def make_text(tokenizer):
    return (CLIPTextModel(text_config(1, tokenizer)),
            CLIPTextModelWithProjection(text_config(2, tokenizer)))


def make_scheduler():
    return EulerDiscreteScheduler(
        num_train_timesteps=1000, beta_start=0.00085, beta_end=0.012,
        beta_schedule="scaled_linear", prediction_type="v_prediction",
        timestep_spacing="trailing", steps_offset=1,
        interpolation_type="linear")


def size_of(*modules):
    return sum(p.numel() for m in modules for p in m.parameters())


def to_floats(pictures):
    """uint8 [n, h, w, 3] as [n, 3, h, w] in -1..1."""
    return torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 127.5 - 1


def to_bytes(decoded):
    """What the pipeline writes: [n, 3, h, w] in -1..1 as uint8 [n, h, w, 3]."""
    unit = (decoded.float() / 2 + 0.5).clamp(0, 1)
    return (unit * 255).round().byte().permute(0, 2, 3, 1).numpy()
