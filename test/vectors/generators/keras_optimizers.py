"""Cases of optimizers/: ten steps of every optimizer, learning-rate schedules, regularizers and constraints."""

import numpy as np

from .keras_case import camel_config, keras, source, tf
from .vector_file import Draw, tensor, tensors, write_case

NUM_STEPS, NUM_SCHEDULE_STEPS = 10, 12
SHAPES = {"kernel": (3, 5), "bias": (5,)}
MATRIX_SHAPE = (7, 5)

ADAM = {"learning_rate": 0.03, "beta_1": 0.9, "beta_2": 0.98, "epsilon": 1e-7}
SGD = {"learning_rate": 0.05, "momentum": 0.0, "nesterov": False}
RMSPROP = {"learning_rate": 0.02, "rho": 0.85, "momentum": 0.0, "epsilon": 1e-7, "centered": False}


def write_optimizer_cases():
    _write_optimizers()
    _write_clipping()
    _write_scheduled()
    _write_schedules()
    _write_regularizers()
    _write_constraints()


def _write_optimizers():
    optimizers = keras.optimizers
    _write("sgd", "sgd", optimizers.SGD, SGD)
    _write("sgd-momentum", "sgd", optimizers.SGD, {**SGD, "momentum": 0.8})
    _write("sgd-nesterov", "sgd", optimizers.SGD, {**SGD, "momentum": 0.8, "nesterov": True})
    _write("rmsprop", "rmsprop", optimizers.RMSprop, RMSPROP)
    _write("rmsprop-centered-momentum", "rmsprop", optimizers.RMSprop, {**RMSPROP, "momentum": 0.7, "centered": True})
    _write("adagrad", "adagrad", optimizers.Adagrad,
           {"learning_rate": 0.1, "initial_accumulator_value": 0.1, "epsilon": 1e-7})
    _write("adadelta", "adadelta", optimizers.Adadelta, {"learning_rate": 1.0, "rho": 0.9, "epsilon": 1e-6})
    _write("adam", "adam", optimizers.Adam, {**ADAM, "amsgrad": False})
    _write("adam-large-epsilon", "adam", optimizers.Adam, {**ADAM, "epsilon": 0.1, "amsgrad": False})
    _write("adam-amsgrad", "adam", optimizers.Adam, {**ADAM, "amsgrad": True})
    _write("adam-w", "adamW", optimizers.AdamW, {**ADAM, "weight_decay": 0.2, "amsgrad": False})
    _write("nadam", "nadam", optimizers.Nadam, ADAM)
    _write("lion", "lion", optimizers.Lion, {"learning_rate": 0.01, "beta_1": 0.9, "beta_2": 0.97})
    _write("lion-weight-decay", "lion", optimizers.Lion,
           {"learning_rate": 0.01, "beta_1": 0.9, "beta_2": 0.97, "weight_decay": 0.2})
    average = {"use_ema": True, "ema_momentum": 0.9, "ema_overwrite_frequency": 4}
    _write("adam-ema", "adam", optimizers.Adam, {**ADAM, **average})
    _write("sgd-gradient-accumulation", "sgd", optimizers.SGD, {**SGD, "gradient_accumulation_steps": 3})


def _write_clipping():
    """Limits that only some of the steps reach."""
    sgd = keras.optimizers.SGD
    _write("sgd-clipvalue", "sgd", sgd, {**SGD, "clipvalue": 0.6})
    _write("sgd-clipnorm", "sgd", sgd, {**SGD, "clipnorm": 2.5})
    _write("sgd-global-clipnorm", "sgd", sgd, {**SGD, "global_clipnorm": 4.5})
    _write("adam-clipnorm", "adam", keras.optimizers.Adam, {**ADAM, "clipnorm": 2.5})


def _write_scheduled():
    decay = {"initial_learning_rate": 0.1, "decay_steps": 3, "decay_rate": 0.5, "staircase": False}
    schedule = keras.optimizers.schedules.ExponentialDecay(**decay)
    config = {"learningRate": {"schedule": "exponentialDecay", "config": camel_config(decay)}}
    _write("sgd-exponential-decay", "sgd", keras.optimizers.SGD, {"learning_rate": schedule}, config)


def _write(name, optimizer_name, optimizer_class, options, config=None):
    draw = Draw(f"optimizer {name}")
    start = {key: draw.normal(*shape) for key, shape in SHAPES.items()}
    gradients = [{key: draw.normal(*shape) for key, shape in SHAPES.items()} for _ in range(NUM_STEPS)]
    variables = {key: keras.Variable(array, dtype="float64", name=key) for key, array in start.items()}
    optimizer = optimizer_class(**options)
    optimizer.build(list(variables.values()))
    after, averages = [], []
    for step_gradients in gradients:
        optimizer.apply([tf.constant(step_gradients[key]) for key in SHAPES])
        after.append({key: variable.numpy() for key, variable in variables.items()})
        if optimizer.use_ema:
            averages.append({key: mean.numpy() for key, mean in zip(SHAPES, optimizer._model_variables_moving_average)})
    expected = {"variables": after, **({"averages": averages} if averages else {})}
    write_case("optimizers", name, source(draw), {
        "optimizer": optimizer_name,
        "config": config or camel_config(options),
        "variables": tensors(start),
        "gradients": tensors(gradients),
        "expected": tensors(expected),
    })


def _write_schedules():
    schedules = keras.optimizers.schedules
    exponential = {"initial_learning_rate": 0.1, "decay_steps": 4, "decay_rate": 0.6}
    _write_schedule("exponential-decay", "exponentialDecay", schedules.ExponentialDecay,
                    {**exponential, "staircase": False})
    _write_schedule("exponential-decay-staircase", "exponentialDecay", schedules.ExponentialDecay,
                    {**exponential, "staircase": True})
    _write_schedule("cosine-decay", "cosineDecay", schedules.CosineDecay,
                    {"initial_learning_rate": 0.1, "decay_steps": 9, "alpha": 0.05})
    _write_schedule("cosine-decay-warmup", "cosineDecay", schedules.CosineDecay,
                    {"initial_learning_rate": 0.01, "decay_steps": 6, "alpha": 0.05, "warmup_target": 0.1,
                     "warmup_steps": 4})
    _write_schedule("piecewise-constant-decay", "piecewiseConstantDecay", schedules.PiecewiseConstantDecay,
                    {"boundaries": [3, 7, 8], "values": [0.1, 0.05, 0.02, 0.003]})


def _write_schedule(name, schedule_name, schedule_class, options):
    schedule = schedule_class(**options)
    rates = [float(schedule(tf.constant(step, dtype="int64"))) for step in range(NUM_SCHEDULE_STEPS)]
    write_case("optimizers", f"schedule-{name}", source(Draw(name)), {
        "schedule": schedule_name,
        "config": camel_config(options),
        "steps": list(range(NUM_SCHEDULE_STEPS)),
        "expected": {"learningRates": rates},
    })


def _write_regularizers():
    regularizers = keras.regularizers
    _write_regularizer("l1", regularizers.L1, {"l1": 0.03})
    _write_regularizer("l2", regularizers.L2, {"l2": 0.02})
    _write_regularizer("l1l2", regularizers.L1L2, {"l1": 0.03, "l2": 0.02})


def _write_regularizer(name, regularizer_class, options):
    draw = Draw(f"regularizer {name}")
    matrix = draw.normal(*MATRIX_SHAPE)
    variable = tf.Variable(matrix)
    with tf.GradientTape() as tape:
        value = regularizer_class(**options)(variable)
    gradient = tape.gradient(value, variable).numpy()
    write_case("optimizers", f"regularizer-{name}", source(draw), {
        "regularizer": name,
        "config": options,
        "input": tensor(matrix),
        "expected": {"value": float(value), "gradient": tensor(gradient)},
    })


def _write_constraints():
    constraints = keras.constraints
    for axis in (0, 1):
        _write_constraint(f"max-norm-axis-{axis}", "maxNorm", constraints.MaxNorm, {"max_value": 2.0, "axis": axis})
        _write_constraint(f"unit-norm-axis-{axis}", "unitNorm", constraints.UnitNorm, {"axis": axis})
        _write_constraint(f"min-max-norm-axis-{axis}", "minMaxNorm", constraints.MinMaxNorm,
                          {"min_value": 1.8, "max_value": 2.4, "rate": 0.7, "axis": axis})
    _write_constraint("non-neg", "nonNeg", constraints.NonNeg, {})


def _write_constraint(name, constraint_name, constraint_class, options):
    draw = Draw(f"constraint {name}")
    matrix = draw.normal(*MATRIX_SHAPE)
    output = np.asarray(constraint_class(**options)(tf.constant(matrix)))
    write_case("optimizers", f"constraint-{name}", source(draw), {
        "constraint": constraint_name,
        "config": camel_config(options),
        "input": tensor(matrix),
        "expected": {"output": tensor(output)},
    })
