"""Keras's side: a training step of the tutorials' DCGAN, and digits in bulk from its generator.

python benchmarks/peers/keras_step.py step 16 [float32|mixed_bfloat16]
python benchmarks/peers/keras_step.py draw 512
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"
import keras
import numpy as np
import tensorflow as tf
from keras import layers

sys.path.insert(0, str(Path(__file__).parents[1]))
from serving import serve

STEPS = 3


def make_generator() -> keras.Model:
    """22.4M parameters, as in the tutorials."""
    model = keras.Sequential([keras.Input((100,)), layers.Dense(50176, use_bias=False)])
    model.add(layers.BatchNormalization())
    model.add(layers.LeakyReLU())
    model.add(layers.Reshape((7, 7, 1024)))
    for width, stride in ((512, 2), (256, 2), (128, 1)):
        model.add(layers.Conv2DTranspose(width, 5, stride, padding="same", use_bias=False))
        model.add(layers.BatchNormalization())
        model.add(layers.LeakyReLU())
    last = layers.Conv2DTranspose(
        1, 5, 1, padding="same", use_bias=False, activation="tanh", dtype="float32"
    )
    model.add(last)
    return model


def make_discriminator() -> keras.Model:
    """4.1M parameters."""
    model = keras.Sequential([keras.Input((28, 28, 1))])
    for width in (128, 256, 512):
        model.add(layers.Conv2D(width, 5, 2, padding="same"))
        model.add(layers.LeakyReLU())
        model.add(layers.Dropout(0.3))
    model.add(layers.Flatten())
    model.add(layers.Dense(1, dtype="float32"))
    return model


def step(size: str, precision: str = "float32") -> Callable[[], float]:
    keras.mixed_precision.set_global_policy(precision)
    generator, discriminator, count = make_generator(), make_discriminator(), int(size)
    of_generator, of_discriminator = keras.optimizers.Adam(1e-4), keras.optimizers.Adam(1e-4)
    of_generator.build(generator.trainable_variables)
    of_discriminator.build(discriminator.trainable_variables)
    entropy = keras.losses.BinaryCrossentropy(from_logits=True)
    digits = tf.random.uniform((60000, 28, 28, 1), -1, 1)

    @tf.function
    def train() -> None:
        real = tf.gather(digits, tf.random.uniform((count,), 0, 60000, tf.int32))
        with tf.GradientTape() as for_generator, tf.GradientTape() as for_discriminator:
            fake = generator(tf.random.normal((count, 100)), training=True)
            of_real = discriminator(real, training=True)
            of_fake = discriminator(fake, training=True)
            generator_loss = entropy(tf.ones_like(of_fake), of_fake)
            loss = entropy(tf.ones_like(of_real), of_real)
            loss += entropy(tf.zeros_like(of_fake), of_fake)
        weights = generator.trainable_variables
        of_generator.apply(for_generator.gradient(generator_loss, weights), weights)
        weights = discriminator.trainable_variables
        of_discriminator.apply(for_discriminator.gradient(loss, weights), weights)

    def work() -> float:
        for _ in range(STEPS):
            train()
        discriminator.trainable_variables[0].numpy()
        return STEPS

    return work


def draw(count: str) -> Callable[[], float]:
    generator, number = make_generator(), int(count)
    call = tf.function(lambda latents: generator(latents, training=False))

    def work() -> float:
        parts = [call(tf.random.normal((64, 100))).numpy() for _ in range(0, number, 64)]
        images = np.round((np.concatenate(parts)[:number, ..., 0] + 1) * 127.5).astype(np.uint8)
        with tempfile.TemporaryFile() as file:
            np.savez_compressed(file, images=images)
        return number

    return work


if __name__ == "__main__":
    task, *arguments = sys.argv[1:]
    serve(lambda: {"step": step, "draw": draw}[task](*arguments))
