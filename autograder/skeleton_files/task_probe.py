

def @TASK@(student: Student, inputs: Inputs) -> Values:
    """FILL IN: what it looks at. Called twice, with the inputs looked at afterwards."""
    function = student.function("@STEM@", "@TASK@")
    x = inputs["x"].clone()
    return {"value": function(x), "second": function(inputs["x"].flip(0)), "after_x": x}
